-- What the slug's app.json declares about its processes (JSON).
ALTER TABLE slugs ADD COLUMN declared TEXT NOT NULL DEFAULT '{}';
