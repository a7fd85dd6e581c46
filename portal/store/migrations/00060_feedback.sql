-- +goose Up
-- What people think of an answer of the assistant, or of a published text. The
-- log keeps each judgement of an answer; here stands the one that counts now,
-- for the list of those who review. The reason of an answer's stays in the log,
-- so that what is erased there is gone.
create table feedback (
  tenant_id       uuid not null references tenants on delete cascade,
  id              uuid not null,
  user_id         uuid not null,
  rating          text not null check (rating in ('up', 'down')),
  conversation_id uuid,
  seq             bigint, -- of the answer
  rating_seq      bigint, -- of the newest judgement of it
  article_id      uuid,
  lang            text,
  change          bigint, -- which text of the article
  reason          text not null default '',
  state           text not null default 'open' check (state in ('open', 'done')),
  note            text not null default '',
  done_by         uuid,
  done_at         timestamptz,
  rated_at        timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, conversation_id, seq),
  unique (tenant_id, article_id, lang, change, user_id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, done_by) references users on delete set null (done_by),
  foreign key (tenant_id, conversation_id) references conversations on delete cascade,
  foreign key (tenant_id, article_id) references articles on delete cascade,
  check (conversation_id is not null and seq is not null and rating_seq is not null and article_id is null
    or article_id is not null and lang is not null and change is not null and conversation_id is null)
);
create index feedback_review on feedback (tenant_id, state, rated_at desc, id desc) where rating = 'down';
select conserje_protect('feedback');

-- Answers that were judged before. Whoever migrates owns the tables, and under
-- the forced policies sees no row.
alter table conversations no force row level security;
alter table conversation_events no force row level security;
alter table feedback no force row level security;
insert into feedback (tenant_id, id, user_id, rating, conversation_id, seq, rating_seq, rated_at)
select distinct on (e.tenant_id, e.conversation_id, r.b -> 'rated')
  e.tenant_id, gen_random_uuid(), c.user_id, r.b ->> 'rating', e.conversation_id, (r.b ->> 'rated')::bigint, e.seq, e.at
from conversation_events e
join conversations c on c.tenant_id = e.tenant_id and c.id = e.conversation_id
cross join lateral (select convert_from(e.body, 'UTF8')::jsonb as b) r
where e.kind = 'rating' and e.body is not null
order by e.tenant_id, e.conversation_id, r.b -> 'rated', e.seq desc;
alter table conversations force row level security;
alter table conversation_events force row level security;
alter table feedback force row level security;

-- Questions that the knowledge base had no answer to: by the answer that could
-- cite nothing. key is a fingerprint of the question's words, so that the same
-- question is counted; the question itself stays in the log.
create table unanswered (
  tenant_id       uuid not null references tenants on delete cascade,
  conversation_id uuid not null,
  seq             bigint not null, -- of the answer
  question_seq    bigint not null,
  key             bytea not null,
  lang            text not null,
  state           text not null default 'open' check (state in ('open', 'done')),
  note            text not null default '',
  done_by         uuid,
  done_at         timestamptz,
  at              timestamptz not null default now(),
  primary key (tenant_id, conversation_id, seq),
  foreign key (tenant_id, conversation_id) references conversations on delete cascade,
  foreign key (tenant_id, done_by) references users on delete set null (done_by)
);
create index unanswered_review on unanswered (tenant_id, state, key);
select conserje_protect('unanswered');
