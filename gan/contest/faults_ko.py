"""The Korean sentences of the codes in gan/contest/faults.py. A field may name particles: {variable:이/가}."""

from gan.console.errors import OTHER

SENTENCES = {
    OTHER: "{text}",
    # What the confined process finds in a snapshot: its collections.
    "collection_missing": "컬렉션 {collection:이/가} 없습니다. tf.add_to_collection으로 텐서를 추가하십시오",
    "collection_count": "컬렉션 {collection}에는 텐서가 정확히 하나 있어야 하는데 {count:.0f}개가 있습니다. "
    "텐서를 한 번만 추가하십시오",
    "collection_unknown": "컬렉션 {collection:이/가} 그래프에 없는 텐서를 가리킵니다. 텐서를 추가한 그 그래프를 "
    "저장하십시오",
    # Its graph.
    "meta_unreadable": ".meta 파일이 MetaGraphDef가 아닙니다. 바이너리 파일로 다시 복사하십시오",
    "graph_malformed": "그래프의 형식이 잘못되었습니다({reason}). tf.train.Saver로 다시 저장하십시오",
    "network_malformed": "{network} 그래프의 형식이 잘못되었습니다({reason}). tf.train.Saver로 다시 저장하십시오",
    "node_missing": "{output}에 필요한 노드가 그래프에 없습니다: {node}. 그래프 전체를 저장하십시오",
    "other_placeholder": "{output:이/가} {input:이/가} 아닌 다른 플레이스홀더에 의존합니다: {placeholder}. 이 "
    "플레이스홀더를 상수나 tf.placeholder_with_default로 바꾸십시오",
    "input_unused": "{output:이/가} {input}에 의존하지 않습니다. 이 플레이스홀더에서 계산하십시오",
    "wrong_type": "{name:은/는} {wanted}이어야 하는데 {found}입니다. tf.cast와 tf.reshape로 바꿀 수 있습니다",
    "not_connectable": "{network:을/를} float32 [None, {width:.0f}]에 연결할 수 없습니다({reason}). 이 너비의 행을 몇 "
    "개든 받아야 합니다",
    "forbidden_operations": "{network:이/가} 대결에서 허용되지 않는 연산을 씁니다: {operations}. 허용되는 연산은 "
    "docs/snapshots.md에 있습니다",
    "circle": "그래프가 {node}에서 순환합니다. 학습한 그래프를 그대로 저장하십시오",
    "unknown_operation": "TensorFlow에 없는 연산 {operation:을/를} 씁니다. TensorFlow의 연산을 쓰십시오",
    "name_taken": "함수와 반복문을 펼치면 이름이 {node}인 노드가 둘이 됩니다. 하나의 이름을 바꾸십시오",
    "missing_function": "함수 {function:을/를} 호출하지만, 호출하는 대로의 함수가 그래프에 없습니다. 그래프 전체를 "
    "저장하십시오",
    "too_deep": "조건문과 호출이 {most:.0f}단계보다 깊게 겹쳐 있습니다. 그런 것 없이 그래프를 만드십시오",
    "changed_often": "{node:이/가} 읽기 전에 변수 {variable:이/가} 여러 곳에서 바뀝니다. 제출하는 네트워크에서는 "
    "변수를 바꾸지 마십시오",
    "too_many_nodes": "함수를 펼치면 그래프의 노드가 {most:.0f}개보다 많습니다. 더 작은 네트워크를 쓰십시오",
    "too_many_bytes": "함수를 펼치면 그래프가 {mebibytes:.0f} MiB보다 큽니다. 더 작은 네트워크를 쓰십시오",
    # Its conditions and loops.
    "condition_not_constant": "조건 {node:이/가} 입력이나 난수, 변수, 또는 기본값이 없는 플레이스홀더에 의존합니다. "
    "상수나 tf.placeholder_with_default를 써서 그래프를 만들 때 정해지게 하십시오",
    "branch_never_taken": "절대 실행되지 않는 분기의 결과를 씁니다({node}). tf.cond 전체의 결과를 쓰십시오",
    "loop_not_constant": "반복문 {node}의 반복 횟수가 입력이나 난수에 의존합니다. 횟수는 상수여야 합니다. 반복문 대신 "
    "배치 전체에 대한 연산을 쓰십시오",
    "loop_too_long": "반복문 {node:이/가} {most:.0f}번보다 많이 반복합니다. 반복 횟수를 줄이거나, 결과를 미리 계산해 "
    "저장하십시오",
    "loop_too_large": "반복문 {node:을/를} 모두 펼치면 노드가 {most:.0f}개보다 많아집니다. 반복 횟수를 줄이거나, "
    "결과를 미리 계산해 저장하십시오",
    "loop_nested": "반복문 안에 다른 반복문이 있습니다({node}). 겹치지 않은 반복문만 쓸 수 있습니다. 안쪽 반복문을 "
    "배치 전체에 대한 연산으로 바꾸십시오",
    "loop_malformed": "반복문 {node}의 형식이 잘못되었습니다. tf.while_loop로 만드십시오",
    # Its weights.
    "weights_unreadable": "가중치를 읽을 수 없습니다({reason}). 스냅샷의 모든 파일을 다시 복사하십시오",
    "variable_unreadable": "변수 {variable:을/를} 읽을 수 없습니다({reason}). 스냅샷의 모든 파일을 다시 복사하십시오",
    "variable_missing": "체크포인트에 변수 {variable}의 값이 없습니다. tf.train.Saver에 모든 변수를 넘기십시오",
    "restored_twice": "Saver가 변수 {variable}에 값을 두 번 대입합니다. 변수마다 한 번만 저장하십시오",
    "restore_runs": "Saver가 복원할 때 연산 {operation:을/를} 실행합니다({node}). 기본값 그대로의 "
    "tf.train.Saver()로 저장하십시오",
    "restore_needs": "Saver에 필요한 {node:이/가} 그래프에 올바른 형태로 있지 않습니다. 기본값 그대로의 "
    "tf.train.Saver()로 저장하십시오",
    "restore_changes": "Saver가 변수 {variable}의 값을 연산 {operation:으로/로} 바꿉니다. 기본값 그대로의 "
    "tf.train.Saver()로 저장하십시오",
    "saver_v1": "가중치가 Saver V1 형식입니다. 복원한 뒤 "
    "tf.train.Saver(write_version=tf.train.SaverDef.V2)로 저장하십시오",
    "variable_shape": "변수 {variable}의 모양이 그래프에서는 {in_graph}, 체크포인트에서는 {in_checkpoint}입니다. 한 "
    "번에 저장한 파일을 모두 함께 제출하십시오",
    "variable_type": "변수 {variable}의 자료형이 그래프에서는 {in_graph}, 체크포인트에서는 {in_checkpoint}입니다. 한 "
    "번에 저장한 파일을 모두 함께 제출하십시오",
    # What its networks compute.
    "not_computable": "{name:을/를} 계산할 수 없습니다({reason}). 저장하기 전에 15개와 30개짜리 배치로 실행해 보십시오",
    "wrong_shape": "{name:이/가} {wanted:이/가} 아니라 {shape} 모양을 출력했습니다. 입력의 행마다 한 행을 계산하십시오",
    "not_finite": "{name}에 유한하지 않은 값(NaN이나 무한대)이 있습니다. 더 이른 스냅샷을 제출하거나, 학습률을 낮추어 "
    "학습하십시오",
    "out_of_range": "{name}의 값은 [0, 1]에 있어야 하는데 {lowest:.8g}부터 {highest:.8g}까지입니다. 시그모이드나 "
    "tf.clip_by_value({name}, 0, 1)을 쓰십시오",
    "range_of_tanh": "{name}의 값은 [0, 1]에 있어야 하는데 tanh의 값처럼 {lowest:.8g}부터 {highest:.8g}까지입니다. "
    "0.5를 곱하고 0.5를 더하십시오",
    "not_repeatable": "같은 입력으로 두 번 호출하면 {name}의 값이 달라집니다(차이 {difference:.2g}). 상태를 간직하는 "
    "연산 없이 그래프를 만드십시오",
    "fixed_batch": "{name}의 배치 크기가 {rows:.0f|으로/로} 고정되어 있습니다. {node}의 행이 항상 {rows:.0f}개입니다. "
    "-1이나 tf.shape를 쓰십시오",
    "out_of_memory": "허용된 것보다 많은 메모리가 필요합니다. 더 작은 네트워크를 쓰십시오",
    "cannot_run": "실행할 수 없습니다: {reason}",
    "several": "{faults}",
    # What is found about a snapshot without a look inside: in its files, and at its process from outside.
    "no_snapshot": "완전한 스냅샷이 없습니다(이름이 같고 .index, .meta, .data-*로 끝나는 파일들)",
    "no_folder": "그런 폴더가 없으므로 완전한 스냅샷(이름이 같고 .index, .meta, .data-*로 끝나는 파일들)도 없습니다",
    "no_such_address": "이런 주소는 읽지 않으므로 완전한 스냅샷이 없습니다. 버킷은 gs://bucket/folder로 쓰십시오",
    "snapshot_incomplete": "완전한 스냅샷이 없습니다. {snapshot}에 {parts:이/가} 빠져 있습니다. 이 이름의 파일을 모두 "
    "복사하거나, 저장이 실패했다면 디스크에 공간을 만들고 학습 명령을 다시 실행하십시오",
    "none_saved": "완전한 스냅샷이 없습니다. 여기서 학습을 시작했지만 저장된 것이 없습니다. 디스크가 "
    "가득 찼거나, 그 전에 학습이 발산했거나 중단되었을 때 이렇게 됩니다. train의 출력을 보고, 디스크가 "
    "가득 찼다면 공간을 만든 뒤 학습 명령을 다시 실행하십시오",
    "bad_pointer": "checkpoint 파일이 그 폴더에 있는 스냅샷을 가리키지 않습니다",
    "file_unreadable": "{file:을/를} 읽을 수 없습니다: {reason}",
    "files_too_large": "{snapshot}의 .{part} 파일이 너무 큽니다. {mebibytes:.8g} MiB인데 {most:.8g} MiB까지만 "
    "허용됩니다",
    "closed_earlier": "앞서 실패한 뒤에 닫혔습니다",
    "slow": "{step} 데 {seconds:g}초보다 오래 걸렸습니다",
    "processor_time": "프로세서 시간을 {seconds:g}초보다 많이 썼습니다",
    "too_much_memory": "{mebibytes:.0f} MiB보다 많은 메모리가 필요합니다",
    "forbidden_call": "{step} 동안 프로그램을 시작하거나, 네트워크에 접속하거나, 다른 프로세스에 신호를 보내거나, "
    "파일을 바꾸려고 해서 프로세스를 종료시켰습니다",
    "memory_share": "메모리를 {mebibytes:.0f} MiB 썼는데 할당된 몫은 {share:.0f} MiB이고, 모든 스냅샷이 쓰기에는 "
    "메모리가 모자랐습니다. 네트워크를 더 작게 만드십시오",
    "crashed": "{step} 동안 TensorFlow가 비정상 종료했습니다({signal}). 허용된 것보다 많은 메모리가 필요할 때 이런 "
    "일이 생깁니다",
    "ended": "{step} 동안 프로세스가 스스로 끝났습니다",
    "killed_often": "프로세스가 {times:.0f}번 강제로 종료되었습니다. 남은 것보다 많은 메모리가 필요할 때 이런 일이 "
    "생깁니다",
    "nonsense": "프로세스가 알 수 없는 답을 보냈습니다: {reason}",
    "early_answer": "프로세스가 묻기도 전에 답했습니다",
    "number_count": "프로세스가 숫자 {wanted:.0f}개 대신 {count:.0f}개로 답했습니다",
    # What is the fault of the machine that plays, never of a team.
    "disk_full": "{folder:이/가} 있는 디스크가 거의 찼습니다. {mebibytes:.0f} MiB를 더 비우십시오",
    "machine_slow": "스냅샷의 프로세스가 {step} 데 {seconds:g}초보다 오래 걸렸습니다",
    "killed": "스냅샷의 프로세스가 {step} 동안 강제로 종료되었습니다: {last}",
    "process_failed": "스냅샷의 프로세스가 {step} 동안 끝났습니다: {last}",
    "process_refused": "프로세스를 시작할 수 없습니다({reason})",
    "not_confined": "스냅샷의 프로세스를 다음 방법으로 격리할 수 없습니다: {layers}",
    "fork_server_failed": "스냅샷의 프로세스를 만드는 프로세스가 실패했습니다({step} 동안, {reason})",
    "fork_server_ended": "스냅샷의 프로세스를 만드는 프로세스가 끝났습니다(종료 코드 {exit_code:.0f})",
    "fork_server_threads": "스냅샷의 프로세스를 만드는 프로세스의 스레드가 {threads:.0f}개입니다. 하나여야 합니다",
}

# Values of a parameter that are codes themselves, as in faults.py. A step stands before "데" or "동안".
WORDS = {
    "step": {
        "start": "시작하는",
        "try": "무엇을 할 수 있는지 시험하는",
        "open": "여는",
        "verify": "검사하는",
        "input": "입력을 받는",
        "generate": "이미지를 생성하는",
        "discriminate": "이미지를 판별하는",
        "request": "요청을 받는",
        "answer": "답하는",
    },
    "name": {"generator": "생성자", "discriminator": "판별자"},
    "network": {"generator": "생성자", "discriminator": "판별자"},
}
