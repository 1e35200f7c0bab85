export default {
  "stage.nothing": {"en": "The arena has not begun", "ko": "아직 시작하지 않았습니다"}
};
