export default {
  "app.title": {"en": "The arena", "ko": "경기장"},
  "app.views": {"en": "Views", "ko": "화면"},
  "app.frozen": {"en": "paused", "ko": "중단됨"},
  "app.loading": {"en": "Loading …", "ko": "불러오는 중 …"},
  "app.no_connection": {"en": "No connection; trying again …", "ko": "연결이 끊겼습니다. 다시 연결하는 중 …"},
  "app.help": {"en": "Keyboard", "ko": "키보드"},
  "app.keys": {"en": "Keys", "ko": "단축키"},
  "app.close": {"en": "Close", "ko": "닫기"},
  "app.theme.auto": {"en": "Theme: automatic", "ko": "테마: 자동"},
  "app.theme.dark": {"en": "Theme: dark", "ko": "테마: 어둡게"},
  "app.theme.light": {"en": "Theme: light", "ko": "테마: 밝게"},
  "nav.live": {"en": "Live", "ko": "생중계"},
  "keys.help": {"en": "this list", "ko": "이 목록"},
  "keys.stage": {"en": "back to the stage", "ko": "생중계로 돌아가기"},
  "keys.language": {"en": "English or Korean", "ko": "영어 또는 한국어"},
  "problem.store_unreadable": {"en": "The results cannot be read at the moment", "ko": "지금은 경기 기록을 읽을 수 없습니다"},
  "problem.no_arena": {"en": "The arena has not begun", "ko": "아직 시작하지 않았습니다"}
};
