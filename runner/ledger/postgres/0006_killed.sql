-- expand: a program that knows nothing of this goes on working beside one that does.
-- The beginnings of a run whose process was killed: they count against it, and no others.
ALTER TABLE lookbook.runs ADD COLUMN killed integer[] NOT NULL DEFAULT '{}';
