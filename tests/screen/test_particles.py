"""The page and Python choose the same Korean particles."""

import arena_data

from gan.contest import korean

pytest_plugins = ["page_fixtures"]

WORDS = [
    *("팀", "나무", "물", "Team 1", "team2", "10", "LMN", "CPU", "model", "apple", "noise", "images", "cat", "time"),
    *("별(1팀)", '"바다"', "30", "O'Brien", "x7?", "", "!", "GANs", "Ωmega", *arena_data.NAMES),
]
PAIRS = ["이/가", "을/를", "은/는", "과/와", "으로/로"]


def test_particles_of_the_page(page, address):
    page.goto(address)
    found = page.evaluate(
        """async ([words, pairs]) => {
          const { withParticle } = await import("arena/particles.js");
          return words.map((word) => pairs.map((pair) => word + withParticle(word, pair)));
        }""",
        [WORDS, PAIRS],
    )
    for word, told in zip(WORDS, found, strict=True):
        assert told == [korean.with_particle(word, pair) for pair in PAIRS], word
