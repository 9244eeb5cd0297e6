-- Every three signs that follow each other in what an entry is found by, with where they stand. It
-- is no guard, and proves nothing: whoever searches reads the entries that it names. Most entries
-- are transfers; that they are, the index need not say of each.
CREATE VIRTUAL TABLE entry_words USING fts5(words, content='', columnsize=0, tokenize='trigram');
INSERT INTO entry_words (rowid, words) SELECT seq, {words} FROM entry AS new;
CREATE TRIGGER entry_has_words AFTER INSERT ON entry
    BEGIN INSERT INTO entry_words (rowid, words) VALUES (new.seq, {words}); END;
-- Words of Hangul have two signs more often than three, and few subjects have any.
CREATE INDEX entry_other_signs ON entry (seq) WHERE subject GLOB '*[^ -~]*';
