"""Why a network failed or a team cannot take part, in a few words for a hall. No TensorFlow.

The whole sentence, with what the team should do about it, stands in `gan/contest/faults.py`; these are of the same
codes. They name nothing that strangers choose. Each goes on after "Why:" or after "Team Mira cannot take part:".
"""

from gan.arena import notes
from gan.console.errors import Fault
from gan.contest import faults, korean
from gan.contest.languages import ENGLISH, KOREAN
from gan.screen import texts
from gan.screen.texts import Text

MOST_LETTERS = 60  # of a reason; a hall reads no more
_MOST_WRITTEN = 90  # of what a person wrote, or of a code that is not known here

_Pair = tuple[str, str]  # in English and Korean

_GRAPH_DAMAGED: _Pair = ("its graph is damaged", "그래프가 손상되었습니다")
_GRAPH_UNREAD: _Pair = ("its graph cannot be read", "그래프를 읽을 수 없습니다")
_GRAPH_PART: _Pair = ("a part of its graph is missing", "그래프의 일부가 빠졌습니다")
_GRAPH_LARGE: _Pair = ("its graph is too large", "그래프가 너무 큽니다")
_LOOP_LONG: _Pair = ("one of its loops is too long", "반복문이 너무 깁니다")
_WEIGHTS_UNREAD: _Pair = ("its weights cannot be read", "가중치를 읽을 수 없습니다")
_SAVER: _Pair = ("its saver does more than save weights", "Saver가 가중치 저장 말고 다른 일도 합니다")
_V1: _Pair = ("its weights are in an old format", "가중치가 오래된 형식으로 저장되었습니다")
_MIXED: _Pair = ("its graph and its weights do not fit together", "그래프와 가중치가 서로 맞지 않습니다")
_RANGE: _Pair = ("its output is not between 0 and 1", "출력이 0과 1 사이를 벗어났습니다")
_CANNOT_RUN: _Pair = ("it cannot be run", "실행할 수 없습니다")
_MEMORY: _Pair = ("it needs too much memory", "메모리가 너무 많이 필요합니다")
_NO_SNAPSHOT: _Pair = ("it has no complete snapshot", "완전한 스냅샷이 없습니다")
_TOO_LARGE: _Pair = ("its files are too large", "파일이 너무 큽니다")
_NONSENSE: _Pair = ("its process gave an answer that makes no sense", "프로세스가 알 수 없는 답을 냈습니다")
_NAME: _Pair = ("its name cannot be used", "쓸 수 없는 팀 이름입니다")
_PATH: _Pair = ("the list of teams does not say where its snapshot is", "팀 목록에 스냅샷의 위치가 없습니다")
_KEY: _Pair = ("its files are encrypted with a key of its own", "파일이 팀만 가진 키로 암호화되어 있습니다")

_REASONS: dict[str, _Pair] = {
    # What is in the snapshot: collections, graph, conditions and loops, weights, what its networks compute.
    "collection_missing": ("it does not name all four tensors", "텐서 네 개를 모두 지정하지 않았습니다"),
    "collection_count": ("it does not name each tensor exactly once", "텐서를 하나씩만 지정하지 않았습니다"),
    "collection_unknown": ("it names a tensor that its graph does not have", "그래프에 없는 텐서를 지정했습니다"),
    "meta_unreadable": _GRAPH_UNREAD,
    "graph_malformed": _GRAPH_DAMAGED,
    "network_malformed": _GRAPH_DAMAGED,
    "node_missing": _GRAPH_PART,
    "missing_function": _GRAPH_PART,
    "other_placeholder": ("it needs an input that a battle does not give", "대결에서 주지 않는 입력이 필요합니다"),
    "input_unused": ("its output does not depend on its input", "출력이 입력과 관계가 없습니다"),
    "wrong_type": ("an input or output has the wrong type or shape", "입력이나 출력의 자료형 또는 모양이 다릅니다"),
    "not_connectable": ("it does not take the input of a battle", "대결의 입력을 받을 수 없습니다"),
    "forbidden_operations": ("it uses operations that are not allowed", "허용되지 않는 연산을 씁니다"),
    "unknown_operation": ("it uses an operation that TensorFlow does not have", "TensorFlow에 없는 연산을 씁니다"),
    "circle": ("its graph runs in a circle", "그래프가 순환합니다"),
    "name_taken": ("two parts of its graph have the same name", "그래프에 같은 이름이 둘 있습니다"),
    "too_deep": ("its graph is nested too deep", "그래프가 너무 깊이 겹쳐 있습니다"),
    "changed_often": ("it changes a variable while it runs", "실행하는 동안 변수를 바꿉니다"),
    "too_many_nodes": _GRAPH_LARGE,
    "too_many_bytes": _GRAPH_LARGE,
    "condition_not_constant": ("one of its conditions is not constant", "상수가 아닌 조건이 있습니다"),
    "branch_never_taken": ("it uses the result of a branch that never runs", "실행되지 않는 분기의 결과를 씁니다"),
    "loop_not_constant": ("one of its loops has no constant length", "반복 횟수가 상수가 아닌 반복문이 있습니다"),
    "loop_too_long": _LOOP_LONG,
    "loop_too_large": _LOOP_LONG,
    "loop_nested": ("one of its loops lies in another one", "반복문 안에 다른 반복문이 있습니다"),
    "loop_malformed": _GRAPH_DAMAGED,
    "weights_unreadable": _WEIGHTS_UNREAD,
    "variable_unreadable": _WEIGHTS_UNREAD,
    "variable_missing": ("some of its weights are missing", "가중치의 일부가 빠졌습니다"),
    "restored_twice": ("one of its weights is saved twice", "같은 가중치가 두 번 저장되었습니다"),
    "restore_runs": _SAVER,
    "restore_needs": _GRAPH_PART,
    "restore_changes": _SAVER,
    "saver_v1": _V1,
    "saver_v1_sharded": _V1,
    "variable_shape": _MIXED,
    "variable_type": _MIXED,
    "not_computable": _CANNOT_RUN,
    "cannot_run": _CANNOT_RUN,
    "wrong_shape": ("its output has the wrong shape", "출력의 모양이 다릅니다"),
    "not_finite": ("its output is not a valid number", "출력이 올바른 숫자가 아닙니다"),
    "out_of_range": _RANGE,
    "range_of_tanh": _RANGE,
    "not_repeatable": ("it gives other outputs for the same input", "같은 입력에 다른 출력을 냅니다"),
    "fixed_batch": ("its batch size cannot be changed", "배치 크기가 고정되어 있습니다"),
    "out_of_memory": _MEMORY,
    faults.SEVERAL: ("several things are wrong with its snapshot", "스냅샷에 문제가 여럿 있습니다"),
    # What is found from outside: files, and the process.
    "no_snapshot": _NO_SNAPSHOT,
    "no_folder": _NO_SNAPSHOT,
    "none_saved": _NO_SNAPSHOT,
    "no_such_address": _NO_SNAPSHOT,
    "snapshot_incomplete": ("a part of its snapshot is missing", "스냅샷의 일부가 빠졌습니다"),
    "bad_pointer": ("its file “checkpoint” names no snapshot", "checkpoint 파일이 가리키는 스냅샷이 없습니다"),
    "file_unreadable": ("one of its files cannot be read", "읽을 수 없는 파일이 있습니다"),
    "files_too_large": _TOO_LARGE,
    "unpacks_too_large": _TOO_LARGE,
    "closed_earlier": ("it has failed before", "앞서 실패했습니다"),
    "slow": ("it took longer than {seconds:g} seconds", "{seconds:g}초보다 오래 걸렸습니다"),
    "processor_time": ("it used too much processor time", "프로세서 시간을 너무 많이 썼습니다"),
    "too_much_memory": _MEMORY,
    "memory_share": _MEMORY,
    "forbidden_call": ("it tried what no network may do", "네트워크에 허용되지 않는 일을 시도했습니다"),
    "crashed": ("it crashed", "비정상 종료했습니다"),
    "ended": ("its process ended by itself", "프로세스가 스스로 끝났습니다"),
    "killed_often": ("its process was killed several times", "프로세스가 여러 번 강제로 종료되었습니다"),
    "nonsense": _NONSENSE,
    "number_count": _NONSENSE,
    "early_answer": ("it answered before it was asked", "묻기도 전에 답했습니다"),
    # The list of teams.
    "line_not_csv": ("its line in the list of teams cannot be read", "팀 목록에서 이 팀의 줄을 읽을 수 없습니다"),
    "team_name_missing": ("it has no name", "팀 이름이 없습니다"),
    "team_name_strange": _NAME,
    "team_name_unseen": _NAME,
    "team_name_reserved": _NAME,
    "team_name_long": ("its name is too long", "팀 이름이 너무 깁니다"),
    "team_name_taken": ("another team has the same name", "같은 이름의 팀이 있습니다"),
    "team_name_former": ("it has another name now", "팀 이름이 바뀌었습니다"),
    "team_path_missing": _PATH,
    "team_path_strange": _PATH,
    "team_path_without_bucket": _PATH,
    # The team.
    notes.DISQUALIFIED: ("disqualified: {reason}", "실격: {reason}"),
    "images_copied": ("its generator copies training images", "생성자가 학습 이미지를 베꼈습니다"),
    "test_images_known": ("its discriminator knows the test images by heart", "판별자가 테스트 이미지를 외웠습니다"),
    # Its bucket.
    notes.BUCKET_CLOSED: ("its bucket is closed to the organiser", "주최 측이 버킷을 읽을 권한이 없습니다"),
    "bucket_silent": ("its bucket did not answer in time", "버킷이 제때 응답하지 않았습니다"),
    "bucket_missing": ("its bucket could not be read", "버킷을 읽을 수 없었습니다"),
    "bucket_requester_pays": ("its bucket lets readers pay", "버킷이 읽는 쪽에 요금을 물립니다"),
    "bucket_customer_key": _KEY,
    "bucket_managed_key": _KEY,
    "bucket_retention": ("its bucket does not let files be replaced", "버킷에서 파일을 바꿀 수 없습니다"),
    "bucket_billing": ("the billing account of its bucket is closed", "버킷의 결제 계정이 닫혔습니다"),
    "bucket_archived": ("its files are archived", "파일이 보관 처리되어 있습니다"),
    "bucket_checksum": ("one of its files arrived damaged", "파일이 손상된 채 도착했습니다"),
    "bucket_gzip_damaged": ("one of its files cannot be decompressed", "압축을 풀 수 없는 파일이 있습니다"),
    "bucket_crowded": ("its bucket holds too many files", "버킷에 파일이 너무 많습니다"),
    "bucket_refused": ("its bucket refuses to be read", "버킷을 읽는 것이 거부되었습니다"),
}


def brief(fault: Fault | None) -> Text | None:
    """Why something failed, in a few words; None for None.

    Of a code that is not known here, such as that of an older store, the beginning of its sentence.
    """
    if fault is None:
        return None
    pair = _REASONS.get(fault.code)
    if pair is not None:
        written = {name: value for name, value in fault.parameters.items() if isinstance(value, str | int | float)}
        try:
            found = {language: korean.completed(text, written) for language, text in zip((ENGLISH, KOREAN), pair)}
        except (LookupError, TypeError, ValueError):  # stored by a version that knew other parameters
            pair = None
        else:
            return {language: _cut(texts.as_written(text)[language]) for language, text in found.items()}
    return {language: _cut(text) for language, text in (texts.of_fault(fault) or {}).items()}


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_WRITTEN else text[: _MOST_WRITTEN - 1].rstrip() + "…"
