-- Every three signs that follow each other in an entry's kind or subject, with where they stand:
-- 130 bytes an entry, of which none is a copy of its text. It is no guard, and proves nothing; who
-- searches reads what it names.
CREATE VIRTUAL TABLE entry_words USING fts5(words, content='', columnsize=0, tokenize='trigram');
INSERT INTO entry_words (rowid, words) SELECT seq, kind || ' ' || subject FROM entry;
CREATE TRIGGER entry_has_words AFTER INSERT ON entry BEGIN
    INSERT INTO entry_words (rowid, words) VALUES (NEW.seq, NEW.kind || ' ' || NEW.subject); END;
