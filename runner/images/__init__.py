"""Pictures of looks, from HeyGen's links to files that can be trusted."""
