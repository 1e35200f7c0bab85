"""The Korean sentences of those codes in gan/arena/notes.py that teams and spectators read."""

CHOSEN = (
    "checkpoint 파일이 가리키는 스냅샷이 없거나 불완전해서, 완전한 스냅샷 가운데 가장 최근 것을 골랐습니다({choice})"
)

SENTENCES = {
    # Why a line of the list of teams is no team that can play.
    "line_not_csv": "{line:.0f}행이 CSV가 아닙니다({reason}). 쉼표나 따옴표가 들어 있는 이름은 따옴표로 감싸고, 그 "
    "안의 따옴표는 두 번 쓰십시오",
    "team_name_missing": "{line:.0f}행에 팀 이름이 없습니다",
    "team_name_strange": "{line:.0f}행의 이름에 제어 문자나 줄 바꿈, 글 쓰는 방향을 바꾸는 문자, 또는 한 글자에 겹겹이 "
    "쌓인 부호가 있습니다("
    "{shown_as:으로/로} 표시). 그런 문자를 빼십시오",
    "team_name_long": "{line:.0f}행의 이름은 {characters:.0f}자입니다. {most:.0f}자까지만 쓸 수 있습니다",
    "team_name_reserved": "아무도 쓸 수 없는 이름입니다. {line:.0f}행에 다른 이름을 쓰십시오",
    "team_name_taken": "{other:.0f}행에 같은 이름이 있습니다. {line:.0f}행에 다른 이름을 쓰십시오",
    "team_name_former": "이 팀의 이름은 이제 {name}입니다. {line:.0f}행에 그 이름을 쓰십시오",
    "team_name_unseen": "{line:.0f}행의 이름에 보이지 않는 문자가 있습니다: {characters}. 그런 문자를 빼십시오",
    "team_path_missing": "{line:.0f}행에 스냅샷 경로가 없습니다. path 열에 경로를 쓰십시오",
    "team_path_strange": "{line:.0f}행의 경로에 제어 문자나 줄 바꿈이 있습니다. 그런 문자를 빼십시오",
    "team_path_without_bucket": "{line:.0f}행의 경로에 버킷이 없습니다. gs://team/model과 같이 쓰십시오",
    # Why a team cannot take part.
    "team_disqualified": "주최자가 실격 처리했습니다: {reason}",
    "images_copied": "생성한 이미지 가운데 {count:.0f}장이 학습 이미지를 베낀 것입니다",
    "test_images_known": "판별자가 테스트 이미지를 외우고 있습니다",
    "bucket_closed": "{reason}. 주최 측 계정이 버킷을 읽을 수 있게 하십시오",
    # A bucket's own settings.
    "bucket_silent": "대결을 시작해야 할 때까지 버킷이 응답하지 않았습니다",
    "bucket_missing": "버킷을 읽을 수 없었습니다. 버킷이 있고 열려 있다면 주최자에게 알리십시오",
    "bucket_requester_pays": "버킷이 읽는 쪽에 요금을 물립니다(요청자 지불). 아레나는 요금을 내지 않습니다. 요청자 "
    "지불을 끄십시오",
    "bucket_customer_key": "{file:이/가} 소유자만 가진 키로 암호화되어 있습니다. 자신의 키(고객 제공 암호화 키) 없이 "
    "다시 올리십시오",
    "bucket_managed_key": "{file:이/가} 사용 중지되었거나 아레나가 쓸 수 없는 키로 암호화되어 있습니다. 키를 사용 "
    "설정하거나, Google의 기본 암호화로 파일을 다시 올리십시오",
    "bucket_retention": "버킷이 파일을 일정 기간 보관하기 때문에(보관 정책이나 보존 조치) {file:을/를} 바꾸거나 지울 "
    "수 없습니다. 정책을 해제하거나, 그런 정책이 없는 버킷을 쓰십시오",
    "bucket_billing": "버킷의 결제 계정이 해지되었거나 사용 중지되었습니다. 사용 설정하거나 다른 버킷으로 옮기십시오",
    "bucket_archived": "{file:은/는} 보관 처리되어 읽을 수 없습니다. 저장소 등급 Standard로 다시 올리십시오",
    "bucket_checksum": "{file}의 체크섬이 버킷에 기록된 것과 다릅니다. 다시 올리십시오",
    "bucket_gzip_damaged": "{file:은/는} gzip으로 압축되었다고 표시되어 있지만(Content-Encoding) 압축을 풀 수 "
    "없습니다. 다시 올리십시오",
    "bucket_crowded": "버킷의 폴더에 든 것이 너무 많습니다({what}). model처럼 제출용으로만 쓰는 폴더에서 제출하십시오",
    "bucket_refused": "버킷을 읽는 것이 거부되었습니다(상태 {status:.0f}). 주최 측 계정이 읽을 수 있게 하고, 버킷을 새 "
    "버킷의 기본 설정으로 두십시오",
    # Of a match.
    "annulled": "{reason}",
    "annulled_with": "이 매치로 이어진 매치 {match:.0f|이/가} 무효가 되었습니다: {reason}",
    "copy_gone": "{team}의 스냅샷 복사본이 없어졌습니다: {path}. 스냅샷이 든 백업에서 다시 복사해 넣으십시오",
    # Of the log.
    "arena_frozen": "더 이상 경기를 하지 않습니다",
    "arena_frozen_because": "더 이상 경기를 하지 않습니다: {reason}",
    "arena_thawed": "다시 매치를 시작할 수 있습니다",
    "match_released": "매치를 이어서 할 수 있습니다",
    "disqualification": "{team}: {reason}",
    "reinstatement": "{team:은/는} 더 이상 실격이 아닙니다: {reason}",
    "snapshot_chosen": f"{{team}}: {CHOSEN} (복사본은 {{snapshot}})",
    "battle_before_lasted": "{battle}: 앞의 대결이나 그 결과 전달이 그 시각에 아직 끝나지 않았습니다. "
    "--period_minutes를 늘리면 시간이 넉넉해집니다",
    "battle_not_held": "{battle}: {problem}",
    "arena_is_frozen": "아레나가 일시 중지되었습니다",
    "nobody_handed_in": "스냅샷을 제출한 팀이 없습니다",
    "no_bucket_readable": "읽을 수 있는 팀 버킷이 없습니다. 이 머신의 네트워크와 인증 정보를 확인하십시오",
}
