"""The parts of simulated_contest.py."""
