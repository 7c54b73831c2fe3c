"""A store that several machines share: pictures by content, and each campaign's pages."""
