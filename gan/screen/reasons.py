"""Why a network failed or a team cannot take part, in a few words for a hall. No TensorFlow.

The whole sentence, with what the team should do about it, stands in `gan/contest/faults.py`; these are of the same
codes. They name nothing that strangers choose, and need no knowledge of TensorFlow: details stand on the team's own
page. Each goes on after "Why:" or after "Team Mira cannot take part:".
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

_GRAPH_DAMAGED: _Pair = ("its network is damaged", "네트워크가 손상되었습니다")
_GRAPH_UNREAD: _Pair = ("its network cannot be read", "네트워크를 읽을 수 없습니다")
_GRAPH_PART: _Pair = ("a part of its network is missing", "네트워크의 일부가 빠졌습니다")
_GRAPH_LARGE: _Pair = ("its network is too large", "네트워크가 너무 큽니다")
_LOOP_LONG: _Pair = ("its network repeats a step too often", "네트워크가 같은 단계를 너무 많이 되풀이합니다")
_WEIGHTS_UNREAD: _Pair = ("what its network has learned cannot be read", "네트워크가 학습한 것을 읽을 수 없습니다")
_SAVER: _Pair = ("its files do more than keep what was learned", "파일이 학습한 것을 담는 일 말고 다른 일도 합니다")
_V1: _Pair = ("its files are in a format that is too old", "파일이 너무 오래된 형식입니다")
_MIXED: _Pair = ("its files do not fit together", "파일들이 서로 맞지 않습니다")
_RANGE: _Pair = ("its output is not between 0 and 1", "출력이 0과 1 사이를 벗어났습니다")
_CANNOT_RUN: _Pair = ("it cannot be run", "실행할 수 없습니다")
_MEMORY: _Pair = ("it needs too much memory", "메모리가 너무 많이 필요합니다")
_NO_SNAPSHOT: _Pair = ("it has handed in nothing that is complete", "온전하게 제출한 것이 없습니다")
_TOO_LARGE: _Pair = ("its files are too large", "파일이 너무 큽니다")
_NONSENSE: _Pair = ("it gave an answer that makes no sense", "알 수 없는 답을 냈습니다")
_NAME: _Pair = ("its name cannot be used", "쓸 수 없는 팀 이름입니다")
_PATH: _Pair = ("the list of teams does not say where its files are", "팀 목록에 파일의 위치가 없습니다")
_KEY: _Pair = ("its files are locked with a key of its own", "파일이 팀만 가진 키로 잠겨 있습니다")

_REASONS: dict[str, _Pair] = {
    # What is in the snapshot: collections, graph, conditions and loops, weights, what its networks compute.
    "collection_missing": (
        "its files do not say where its networks are",
        "네트워크가 어디 있는지 파일에 적혀 있지 않습니다",
    ),
    "collection_count": ("its files do not name each network once", "네트워크가 파일에 하나씩만 적혀 있지 않습니다"),
    "collection_unknown": ("its files name a network that is not there", "파일에 적힌 네트워크가 실제로는 없습니다"),
    "meta_unreadable": _GRAPH_UNREAD,
    "graph_malformed": _GRAPH_DAMAGED,
    "network_malformed": _GRAPH_DAMAGED,
    "node_missing": _GRAPH_PART,
    "missing_function": _GRAPH_PART,
    "other_placeholder": ("it asks for more than a match gives it", "매치에서 주지 않는 것을 요구합니다"),
    "input_unused": ("its output does not depend on what it gets", "받은 것과 관계없는 답을 냅니다"),
    "wrong_type": ("what it takes or gives has the wrong form", "받거나 내는 것의 형식이 다릅니다"),
    "not_connectable": ("it cannot take what a match gives it", "매치에서 주는 것을 받을 수 없습니다"),
    "forbidden_operations": ("it does things that are not allowed", "허용되지 않는 일을 합니다"),
    "unknown_operation": ("it uses a step that nobody knows", "알려지지 않은 계산을 씁니다"),
    "circle": ("its network runs in a circle", "네트워크가 제자리를 맴돕니다"),
    "name_taken": ("two parts of its network have the same name", "네트워크에 이름이 같은 부분이 둘 있습니다"),
    "too_deep": ("its network is nested too deep", "네트워크가 너무 깊이 겹쳐 있습니다"),
    "changed_often": ("it changes itself while it plays", "겨루는 동안 스스로를 바꿉니다"),
    "too_many_nodes": _GRAPH_LARGE,
    "too_many_bytes": _GRAPH_LARGE,
    "condition_not_constant": ("it decides only in play which way to go", "어느 길로 갈지를 겨루는 중에야 정합니다"),
    "branch_never_taken": ("it uses a result that is never worked out", "계산되지 않는 결과를 씁니다"),
    "loop_not_constant": (
        "it does not say how often it repeats a step",
        "한 단계를 몇 번 되풀이할지 정해져 있지 않습니다",
    ),
    "loop_too_long": _LOOP_LONG,
    "loop_too_large": _LOOP_LONG,
    "loop_nested": ("it repeats steps within repeated steps", "되풀이 안에서 또 되풀이합니다"),
    "loop_malformed": _GRAPH_DAMAGED,
    "weights_unreadable": _WEIGHTS_UNREAD,
    "variable_unreadable": _WEIGHTS_UNREAD,
    "variable_missing": ("a part of what it has learned is missing", "학습한 것의 일부가 빠졌습니다"),
    "restored_twice": ("a part of what it has learned is there twice", "학습한 것의 일부가 두 번 들어 있습니다"),
    "restore_runs": _SAVER,
    "restore_needs": _GRAPH_PART,
    "restore_changes": _SAVER,
    "saver_v1": _V1,
    "saver_v1_sharded": _V1,
    "variable_shape": _MIXED,
    "variable_type": _MIXED,
    "not_computable": _CANNOT_RUN,
    "cannot_run": _CANNOT_RUN,
    "wrong_shape": ("its output has the wrong form", "출력의 형식이 다릅니다"),
    "not_finite": ("its output is not a valid number", "출력이 올바른 숫자가 아닙니다"),
    "out_of_range": _RANGE,
    "range_of_tanh": _RANGE,
    "not_repeatable": ("it answers differently when asked the same again", "같은 물음에 매번 다르게 답합니다"),
    "fixed_batch": ("it only takes a fixed number of images at once", "한 번에 정해진 장수만 받습니다"),
    "out_of_memory": _MEMORY,
    faults.SEVERAL: ("several things are wrong with what it handed in", "제출한 것에 문제가 여럿 있습니다"),
    # What is found from outside: files, and the process.
    "no_snapshot": _NO_SNAPSHOT,
    "no_folder": _NO_SNAPSHOT,
    "none_saved": _NO_SNAPSHOT,
    "no_such_address": _NO_SNAPSHOT,
    "snapshot_incomplete": ("a part of what it handed in is missing", "제출한 것의 일부가 빠졌습니다"),
    "bad_pointer": ("its files do not say which of them are to play", "어느 파일로 겨룰지 적혀 있지 않습니다"),
    "file_unreadable": ("one of its files cannot be read", "읽을 수 없는 파일이 있습니다"),
    "files_too_large": _TOO_LARGE,
    "unpacks_too_large": _TOO_LARGE,
    "closed_earlier": ("it has failed before", "앞서 실패했습니다"),
    "slow": ("it needs more than the {seconds:g} seconds allowed", "제한 시간 {seconds:g}초를 넘겼습니다"),
    "processor_time": ("it took too much computing time", "계산 시간을 너무 많이 썼습니다"),
    "too_much_memory": _MEMORY,
    "memory_share": _MEMORY,
    "forbidden_call": ("it tried what no network may do", "네트워크에 허용되지 않는 일을 시도했습니다"),
    "crashed": ("it broke down", "갑자기 멈추었습니다"),
    "ended": ("it stopped by itself", "스스로 멈추었습니다"),
    "killed_often": ("it had to be stopped several times", "여러 번 강제로 멈춰야 했습니다"),
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
    notes.BUCKET_CLOSED: ("the organiser may not read its files", "주최 측이 파일을 읽을 권한이 없습니다"),
    "bucket_silent": ("its files could not be fetched in time", "파일을 제때 받지 못했습니다"),
    "bucket_missing": ("its files could not be fetched", "파일을 받지 못했습니다"),
    "bucket_requester_pays": ("its files would cost money to fetch", "파일을 받으려면 돈을 내야 합니다"),
    "bucket_customer_key": _KEY,
    "bucket_managed_key": _KEY,
    "bucket_retention": ("its files cannot be replaced", "파일을 바꿀 수 없게 되어 있습니다"),
    "bucket_billing": ("the account that keeps its files is closed", "파일을 보관하는 계정이 닫혔습니다"),
    "bucket_archived": ("its files are put away for long storage", "파일이 장기 보관 상태입니다"),
    "bucket_checksum": ("one of its files arrived damaged", "파일이 손상된 채 도착했습니다"),
    "bucket_gzip_damaged": ("one of its files cannot be unpacked", "압축을 풀 수 없는 파일이 있습니다"),
    "bucket_crowded": ("there are too many files beside its own", "파일이 너무 많이 쌓여 있습니다"),
    "bucket_refused": ("its files may not be fetched", "파일을 받는 것이 거부되었습니다"),
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
