-- The journal and the ledger, insert-only: the rules of headgate.core.ledger.post said a second
-- time, as constraints. Braces stand for what each database calls a thing. A transfer is an entry
-- of the journal, and each adds two legs, one an account. There is no balance that could be edited:
-- a leg carries its account's totals before and after, and a foreign key pins "before" to the
-- "after" of the account's leg before it.

CREATE TABLE leg (
    half                {int}  NOT NULL PRIMARY KEY,
    seq                 {int}  NOT NULL,
    side                {text} NOT NULL,
    account             {text} NOT NULL,
    unit                {text} NOT NULL,
    bound               {text} NOT NULL,
    posted              {int}  NOT NULL,
    reserves            {int}  NOT NULL,
    was_half            {int}  UNIQUE,
    was_debits_posted   {int}  NOT NULL,
    was_credits_posted  {int}  NOT NULL,
    was_debits_pending  {int}  NOT NULL,
    was_credits_pending {int}  NOT NULL,
    debits_posted       {int}  NOT NULL,
    credits_posted      {int}  NOT NULL,
    debits_pending      {int}  NOT NULL,
    credits_pending     {int}  NOT NULL,
    UNIQUE (half, account, unit, posted, reserves),
    UNIQUE (
        account, half, unit, bound, debits_posted, credits_posted, debits_pending, credits_pending
    ),
    CONSTRAINT leg_side CHECK (
        (side = 'debit' AND half = 2 * seq) OR (side = 'credit' AND half = 2 * seq + 1)
    ),
    CONSTRAINT leg_first CHECK (
        CASE WHEN was_half IS NULL THEN
            was_debits_posted = 0 AND was_credits_posted = 0
            AND was_debits_pending = 0 AND was_credits_pending = 0
        ELSE was_half < half END
    ),
    CONSTRAINT leg_sums CHECK (
        CASE side
        WHEN 'debit' THEN
            debits_posted = was_debits_posted + posted
            AND debits_pending = was_debits_pending + reserves
            AND credits_posted = was_credits_posted AND credits_pending = was_credits_pending
        ELSE
            credits_posted = was_credits_posted + posted
            AND credits_pending = was_credits_pending + reserves
            AND debits_posted = was_debits_posted AND debits_pending = was_debits_pending
        END
    ),
    CONSTRAINT leg_least CHECK (
        posted >= 0 AND debits_posted >= 0 AND credits_posted >= 0
        AND debits_pending >= 0 AND credits_pending >= 0
    ),
    CONSTRAINT leg_most CHECK (
        debits_posted + debits_pending <= 9223372036854775807
        AND credits_posted + credits_pending <= 9223372036854775807
    ),
    CONSTRAINT leg_bound CHECK (
        CASE bound
        WHEN 'none' THEN 1 = 1
        WHEN 'debits' THEN debits_posted + debits_pending <= credits_posted
        WHEN 'credits' THEN credits_posted + credits_pending <= debits_posted
        ELSE 1 = 0 END
    ),
    CONSTRAINT leg_follows FOREIGN KEY (
        account, was_half, unit, bound,
        was_debits_posted, was_credits_posted, was_debits_pending, was_credits_pending
    ) REFERENCES leg (
        account, half, unit, bound, debits_posted, credits_posted, debits_pending, credits_pending
    ){of_transfer}
) {strict};

CREATE UNIQUE INDEX leg_first_once ON leg (account) WHERE was_half IS NULL;
CREATE INDEX leg_seq ON leg (seq);

CREATE TABLE entry (
    seq                 {int}  NOT NULL PRIMARY KEY,
    was_seq             {int},
    kind                {text} NOT NULL,
    at                  {text} NOT NULL,
    subject             {text} NOT NULL,
    line                {text} NOT NULL,

    -- The latest transfer's instant: time does not run backwards from one transfer to the next.
    was_latest          {text},
    latest              {text} NOT NULL,

    -- Of transfers only, of others nothing. `moved` is `seq` again, so that a leg can point at a
    -- transfer and at nothing else; a half is a leg's number, 2 * seq or 2 * seq + 1.
    moved               {int}  UNIQUE,
    debit               {text},
    credit              {text},
    amount              {int},
    unit                {text},
    phase               {text},
    why                 {text},
    debit_half          {int},
    credit_half         {int},
    posted              {int},
    reserves            {int},

    -- Of a transfer that resolves a reservation: which one, and how much it had reserved.
    pending             {text},
    pending_seq         {int},
    pending_debit_half  {int},
    pending_credit_half {int},
    pending_posted      {int},
    reserved            {int},

    UNIQUE (seq, latest),
    UNIQUE (seq, subject),

    CONSTRAINT entry_gapless CHECK (
        CASE WHEN seq = 0 THEN was_seq IS NULL AND was_latest IS NULL
        ELSE seq > 0 AND was_seq IS NOT NULL AND was_latest IS NOT NULL AND was_seq = seq - 1 END
    ),
    CONSTRAINT entry_follows FOREIGN KEY (was_seq, was_latest) REFERENCES entry (seq, latest),
    CONSTRAINT entry_at CHECK ({at_is_instant}),
    CONSTRAINT entry_time CHECK (
        CASE WHEN kind = 'transfer' THEN latest = at AND at >= coalesce(was_latest, '')
        ELSE latest = coalesce(was_latest, '') END
    ),
    CONSTRAINT entry_whole CHECK (
        CASE WHEN kind = 'transfer' THEN
            moved IS NOT NULL AND moved = seq AND debit IS NOT NULL AND credit IS NOT NULL
            AND amount IS NOT NULL AND unit IS NOT NULL AND phase IS NOT NULL AND why IS NOT NULL
            AND debit_half IS NOT NULL AND debit_half = 2 * seq
            AND credit_half IS NOT NULL AND credit_half = 2 * seq + 1
            AND posted IS NOT NULL AND reserves IS NOT NULL
        ELSE
            moved IS NULL AND debit IS NULL AND credit IS NULL AND amount IS NULL AND unit IS NULL
            AND phase IS NULL AND why IS NULL AND debit_half IS NULL AND credit_half IS NULL
            AND posted IS NULL AND reserves IS NULL AND pending IS NULL
        END
    ),
    CONSTRAINT entry_line CHECK (
        CASE WHEN kind = 'transfer' THEN
            line = 'headgate-1' || {tab} || kind || {tab} || at || {tab} || subject || {tab} || debit
                || {tab} || credit || {tab} || amount || {tab} || unit || {tab} || phase || {tab}
                || coalesce(pending, '') || {tab} || why
        ELSE
            substr(line, 1, 14 + length(kind) + length(at) + length(subject)) =
                'headgate-1' || {tab} || kind || {tab} || at || {tab} || subject || {tab}
        END
    ),
    -- Each field stands once between two tabs, so a line can be read in one way only.
    CONSTRAINT entry_fields CHECK (
        length(line) - length(replace(line, {tab}, '')) =
            CASE kind
            WHEN 'policy-adopted' THEN 7
            WHEN 'call-opened' THEN 6
            WHEN 'facts-received' THEN 5
            WHEN 'score-given' THEN 7
            WHEN 'decision-made' THEN 8
            WHEN 'transfer' THEN 10
            WHEN 'order-given' THEN 6
            WHEN 'usage-imported' THEN 6
            WHEN 'round-closed' THEN 6
            WHEN 'file-published' THEN 5
            ELSE -1 END
    ),
    CONSTRAINT entry_plain CHECK ({line_is_plain}),
    CONSTRAINT entry_size CHECK ({line_bytes} <= 65535),
    CONSTRAINT entry_subject CHECK (length(subject) BETWEEN 1 AND 1000),
    CONSTRAINT entry_why CHECK (length(why) BETWEEN 1 AND 1000),
    CONSTRAINT entry_amount CHECK (amount > 0),
    CONSTRAINT entry_accounts CHECK (debit <> credit),
    CONSTRAINT entry_phase CHECK (phase IN ('single', 'pending', 'post', 'void', 'expire')),
    CONSTRAINT entry_effect CHECK (
        CASE phase
        WHEN 'single' THEN posted = amount AND reserves = 0
        WHEN 'pending' THEN posted = 0 AND reserves = amount
        WHEN 'post' THEN posted = amount AND amount <= reserved AND reserves = -reserved
        WHEN 'void' THEN posted = 0 AND amount = reserved AND reserves = -reserved
        WHEN 'expire' THEN posted = 0 AND amount = reserved AND reserves = -reserved
        END
    ),
    CONSTRAINT entry_pending CHECK (
        CASE WHEN phase IN ('post', 'void', 'expire') THEN
            pending IS NOT NULL AND pending_seq IS NOT NULL AND pending_seq < seq
            AND pending_debit_half IS NOT NULL AND pending_debit_half = 2 * pending_seq
            AND pending_credit_half IS NOT NULL AND pending_credit_half = 2 * pending_seq + 1
            AND pending_posted IS NOT NULL AND pending_posted = 0
            AND reserved IS NOT NULL AND reserved > 0
        ELSE
            pending IS NULL AND pending_seq IS NULL AND pending_debit_half IS NULL
            AND pending_credit_half IS NULL AND pending_posted IS NULL AND reserved IS NULL
        END
    ),
    CONSTRAINT entry_resolves FOREIGN KEY (pending_seq, pending) REFERENCES entry (seq, subject),
    CONSTRAINT entry_debits FOREIGN KEY (debit_half, debit, unit, posted, reserves)
        REFERENCES leg (half, account, unit, posted, reserves),
    CONSTRAINT entry_credits FOREIGN KEY (credit_half, credit, unit, posted, reserves)
        REFERENCES leg (half, account, unit, posted, reserves),
    CONSTRAINT entry_frees_debit
        FOREIGN KEY (pending_debit_half, debit, unit, pending_posted, reserved)
        REFERENCES leg (half, account, unit, posted, reserves),
    CONSTRAINT entry_frees_credit
        FOREIGN KEY (pending_credit_half, credit, unit, pending_posted, reserved)
        REFERENCES leg (half, account, unit, posted, reserves)
) {strict};

CREATE UNIQUE INDEX entry_transfer_once ON entry (subject) WHERE kind = 'transfer';
CREATE UNIQUE INDEX entry_resolved_once ON entry (pending_seq) WHERE pending_seq IS NOT NULL;

-- What the programme knew: the value of a kind and key as of an entry, as canonical lines. The
-- newest of a kind and key is what holds.
CREATE TABLE kept (
    kind {text} NOT NULL,
    key  {text} NOT NULL,
    seq  {int}  NOT NULL REFERENCES entry (seq),
    data {text} NOT NULL,
    PRIMARY KEY (kind, key, seq)
) {strict};

-- Every checkpoint that was signed, once for each size, before it left the house.
CREATE TABLE checkpoint (
    size     {int}  NOT NULL PRIMARY KEY,
    last_seq {int}  NOT NULL REFERENCES entry (seq),
    root     {text} NOT NULL,
    note     {text} NOT NULL,
    CONSTRAINT checkpoint_root CHECK (length(root) = 64),
    CONSTRAINT checkpoint_size CHECK (size = last_seq + 1)
) {strict};
