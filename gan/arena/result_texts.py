"""Texts of the pages that teams read in their buckets, in English and Korean. No TensorFlow."""

from typing import Any

from gan.contest import korean
from gan.contest.languages import ENGLISH, KOREAN

# key -> (English, Korean). A field may name particles, as in gan/contest/faults_ko.py.
_TEXTS = {
    # The page of a team's results.
    "cannot_play": ("This snapshot cannot take part: {why}", "이 스냅샷은 참가할 수 없습니다: {why}"),
    "remark": ("About your snapshot: {remark}", "제출한 스냅샷에 대해: {remark}"),
    "record": ("How this team's networks did: {record}.", "이 팀 네트워크의 성적: {record}."),
    "all_images": ("all images and guesses", "모든 이미지와 판별"),
    "no_opponent": ("{home} goes on without a match", "{home:은/는} 매치 없이 다음 라운드에 올라갑니다"),
    "held": ("{home} - {away} is held: {why}", "{home} - {away} 매치가 보류되었습니다: {why}"),
    "not_over": ("{home} - {away} is not over yet", "{home} - {away} 매치가 아직 끝나지 않았습니다"),
    "wins": ("{team} wins: {rule}.", "{team} 승리: {rule}."),
    "nobody_wins": ("Nobody wins: {rule}.", "승자 없음: {rule}."),
    "forfeits": ("{team} cannot take part: {why}", "{team:은/는} 참가할 수 없습니다: {why}"),
    "half_round": (
        "{discriminator} judges {generator}: {points} of {all}",
        "{discriminator:이/가} {generator:을/를} 판별: {all}점 중 {points}점",
    ),
    "failed": ("{team} failed: {why}", "{team} 실패: {why}"),
    "judged": (
        "right on {right} of {all} images: {real} of {all_real} real, {generated} of {all_generated} generated; "
        "generator {generator_time}, discriminator {discriminator_time}",
        "이미지 {all}장 중 {right}장 정답: 실제 {all_real}장 중 {real}장, 생성 {all_generated}장 중 {generated}장; "
        "생성자 {generator_time}, 판별자 {discriminator_time}",
    ),
    "not_timed": ("not timed", "측정하지 않음"),
    # What decided a match, and what that is worth.
    "on_one_core": ("on the same core (number {core})", "같은 코어({core}번)에서 측정"),
    "in_turns": ("in turns", "번갈아 측정"),
    "times": (
        "Model time: {home} {home_time}, {away} {away_time} (medians of {number} each, {where}).",
        "모델 실행 시간: {home} {home_time}, {away} {away_time}(각 {number}번의 중앙값, {where}).",
    ),
    "times_tell": (
        "{home} takes {least:+.3g} to {most:+.3g} ms more than {away} with 95% probability, so the times tell.",
        "{home}의 시간에서 {away}의 시간을 뺀 값은 95% 확률로 {least:+.3g} ms에서 {most:+.3g} ms 사이이므로, 시간으로 "
        "승부가 갈립니다.",
    ),
    "times_do_not_tell": (
        "{home} takes {least:+.3g} to {most:+.3g} ms more than {away} with 95% probability, so the times do not tell.",
        "{home}의 시간에서 {away}의 시간을 뺀 값은 95% 확률로 {least:+.3g} ms에서 {most:+.3g} ms 사이이므로, 시간으로 "
        "승부를 가릴 수 없습니다.",
    ),
    "sureness": (
        "How sure is that? If both went on for ever, {winner} would be ahead with a probability of {probability}; 50% "
        "is a coin toss, and {images} images each are few.",
        "얼마나 확실할까요? 두 팀이 끝없이 계속 겨룬다면 {probability} 확률로 {winner:이/가} 앞섭니다. 50%는 동전 "
        "던지기와 같고, 각각 이미지 {images}장은 많지 않습니다.",
    ),
    # How a team's networks did over all matches.
    "nothing_judged": ("nothing was judged so far", "아직 판별한 것이 없습니다"),
    "recognised": (
        "over all matches its discriminator recognised {real} of real and {generated} of generated images; its "
        "generator's own were taken for real in {fooled}",
        "지금까지의 모든 매치에서 판별자는 실제 이미지의 {real}를, 생성 이미지의 {generated}를 알아보았고, "
        "생성자가 만든 이미지의 {fooled}가 실제로 판별되었습니다",
    ),
    "share": ("{percent} ({times} of {of})", "{percent}({of}장 중 {times}장)"),
    # The page of a team's status.
    "as_of": ("As of {looked}, for {battle}.", "{looked} 기준, {battle}."),
    "found": ("Found: {snapshot}.", "찾은 스냅샷: {snapshot}."),
    "found_step": ("Found: {snapshot}, step {step}.", "찾은 스냅샷: {snapshot}, {step}스텝."),
    "a_snapshot": ("a snapshot", "스냅샷 하나"),
    "may_play": ("It may play.", "참가할 수 있습니다."),
    "is_checked": ("It is being checked.", "점검하는 중입니다."),
    "may_not_play": ("It cannot take part.", "참가할 수 없습니다."),
    "not_found": ("No snapshot that can take part was found.", "참가할 수 있는 스냅샷을 찾지 못했습니다."),
    "next_battle": (
        "Next battle: {next}. What is handed in by then takes part.",
        "다음 대결: {next}. 그때까지 제출한 것이 참가합니다.",
    ),
    "matches": ("Matches so far: {number}", "지금까지의 매치: {number}"),
    "match": (
        "{event}: {points} : {opponent_points} against {opponent}, {outcome} ({rule})",
        "{event}: {opponent} 상대로 {points} : {opponent_points}, {outcome}({rule})",
    ),
    "won": ("won", "승리"),
    "lost": ("lost", "패배"),
    "nobody_won": ("nobody won", "승자 없음"),
}


def text(key: str, language: str = ENGLISH, /, **values: Any) -> str:
    """A text in a language.

    Args:
        key: of the text.
        language: "en" or "ko".
        **values: what the text names.

    Raises:
        KeyError: there is no such text, or a value is missing.
    """
    english, in_korean = _TEXTS[key]
    return korean.completed(in_korean if language == KOREAN else english, values)
