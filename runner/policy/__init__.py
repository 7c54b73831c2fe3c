"""Pure decisions: what follows from an answer, a state, a clock reading. No effect happens here."""
