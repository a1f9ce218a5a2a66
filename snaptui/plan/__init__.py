"""Pure plans: intent and facts in; refusals, warnings, words and steps out."""
