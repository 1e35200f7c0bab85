"""The languages that contestants and spectators may choose. Pure Python."""

ENGLISH, KOREAN = "en", "ko"
LANGUAGES = (ENGLISH, KOREAN)
