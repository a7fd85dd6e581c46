-- +goose Up
-- An article is one thing to know; its versions say it in several languages.
-- An audience is one company; null is everyone of the tenant.
create table articles (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  no         bigint not null generated always as identity,
  key        text not null check (key <> ''),
  audience   uuid,
  versions   integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, no),
  unique (tenant_id, key),
  foreign key (tenant_id, audience) references companies on delete cascade
);
select conserje_protect('articles');

create table article_versions (
  tenant_id  uuid not null,
  article_id uuid not null,
  lang       text not null,
  title      text not null check (title <> ''),
  summary    text not null default '',
  markdown   text not null,
  source     text not null default '',
  hash       bytea not null,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, article_id, lang),
  foreign key (tenant_id, article_id) references articles on delete cascade
);
select conserje_protect('article_versions');

-- A chunk is a passage under one heading. Its number joins it with postings
-- and vectors, which repeat what a search filters by: article, language,
-- audience. words is its length for BM25, terms what it is indexed by.
create table chunks (
  tenant_id  uuid not null,
  id         uuid not null,
  no         bigint not null generated always as identity,
  article_id uuid not null,
  article_no bigint not null,
  lang       text not null,
  audience   uuid,
  ord        integer not null,
  title      text not null,
  heading    text not null,
  path       text not null,
  anchor     text not null,
  starts_at  integer not null,
  ends_at    integer not null,
  body       text not null,
  words      real not null default 0,
  terms      text[] not null default '{}',
  primary key (tenant_id, id),
  unique (tenant_id, no),
  foreign key (tenant_id, article_id, lang) references article_versions on delete cascade
);
create index chunks_version on chunks (tenant_id, article_id, lang);
create index chunks_article on chunks (tenant_id, article_no, lang, ord);
select conserje_protect('chunks');

-- Postings for BM25. A term is a stem ('druck'), a plain word without accents
-- ('=drucker') or a concept of the glossary ('#printer'). weight counts it,
-- heavier in titles and headings. Read by plain equality: text-search indexes
-- are not used under row-level security. No foreign key: the trigger on chunks
-- deletes them, and a check of each row would be a tenth of an import.
create table postings (
  tenant_id  uuid not null,
  term       text not null,
  lang       text not null,
  chunk_no   bigint not null,
  article_no bigint not null,
  audience   uuid,
  weight     real not null,
  words      real not null
);
create index postings_term on postings (tenant_id, term, lang) include (chunk_no, article_no, audience, weight, words);
select conserje_protect('postings');

-- How many chunks of a language have a term, kept by the statements that
-- write chunks, so that a search never counts.
create table term_stats (
  tenant_id uuid not null references tenants on delete cascade,
  term      text not null,
  lang      text not null,
  chunks    integer not null,
  primary key (tenant_id, term, lang)
);
select conserje_protect('term_stats');

create table language_stats (
  tenant_id uuid not null references tenants on delete cascade,
  lang      text not null,
  chunks    integer not null,
  words     double precision not null,
  primary key (tenant_id, lang)
);
select conserje_protect('language_stats');

-- Embedding models. One serves; a new one fills in the background and takes
-- over when it has every chunk.
create table embedding_models (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  name       text not null,
  dimensions integer not null check (dimensions between 1 and 4000),
  state      text not null check (state in ('serving', 'filling')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, name),
  unique (tenant_id, state)
);
select conserje_protect('embedding_models');

create table chunk_vectors (
  tenant_id  uuid not null,
  model_id   uuid not null,
  chunk_no   bigint not null,
  article_no bigint not null,
  lang       text not null,
  audience   uuid,
  dimensions integer not null,
  embedding  halfvec not null,
  primary key (tenant_id, model_id, chunk_no),
  foreign key (tenant_id, model_id) references embedding_models on delete cascade,
  foreign key (tenant_id, chunk_no) references chunks (tenant_id, no) on delete cascade,
  check (vector_dims(embedding) = dimensions)
);
-- Narrow filters are answered exactly from here; the graph index for large
-- tenants is built when the first tenant needs it (kb.EnsureVectorIndex).
create index chunk_vectors_audience on chunk_vectors (tenant_id, model_id, audience);
create index chunk_vectors_chunk on chunk_vectors (tenant_id, chunk_no);
select conserje_protect('chunk_vectors');

-- What is known about a language's words; 'simple' for the ones it is not.
create function kb_config(lang text) returns regconfig language sql immutable parallel safe as $$
  select (case lang when 'en' then 'pg_catalog.english' when 'es' then 'pg_catalog.spanish' when 'de' then 'pg_catalog.german'
    when 'fr' then 'pg_catalog.french' when 'it' then 'pg_catalog.italian' else 'pg_catalog.simple' end)::regconfig
$$;

create function kb_dictionary(lang text) returns regdictionary language sql immutable parallel safe as $$
  select (case lang when 'en' then 'pg_catalog.english_stem' when 'es' then 'pg_catalog.spanish_stem' when 'de' then 'pg_catalog.german_stem'
    when 'fr' then 'pg_catalog.french_stem' when 'it' then 'pg_catalog.italian_stem' else 'pg_catalog.simple' end)::regdictionary
$$;

-- A plain word without its accents: people type «contrasena».
create function kb_fold(word text) returns text language sql immutable parallel safe as $$
  select translate(word, 'áàâäãéèêëíìîïóòôöõúùûüñçß', 'aaaaaeeeeiiiiooooouuuuncs')
$$;

-- Terms of a text: its stems, and its plain words but those that the language
-- stops. Counted once per place; Postgres keeps 255 places.
create function kb_terms(lang text, body text) returns table (term text, times integer) language sql immutable parallel safe as $$
  select lexeme, cardinality(positions) from unnest(to_tsvector(kb_config(lang), body))
  union all
  select '=' || kb_fold(lexeme), cardinality(positions) from unnest(to_tsvector('pg_catalog.simple', body))
  where length(lexeme) <= 64 and ts_lexize(kb_dictionary(lang), lexeme) <> '{}'
$$;

-- Whoever deletes a chunk, even by deleting a company, deletes its postings
-- and corrects the statistics with the same statement.
-- +goose StatementBegin
create function kb_forget_chunks() returns trigger language plpgsql as $$
begin
  delete from postings p using (select tenant_id, no, unnest(terms) as term, lang from gone) g
  where p.tenant_id = g.tenant_id and p.term = g.term and p.lang = g.lang and p.chunk_no = g.no;
  update term_stats s set chunks = s.chunks - g.n
  from (select tenant_id, lang, term, count(*) as n from gone, unnest(terms) as term group by 1, 2, 3) g
  where s.tenant_id = g.tenant_id and s.term = g.term and s.lang = g.lang;
  update language_stats s set chunks = s.chunks - g.n, words = s.words - g.words
  from (select tenant_id, lang, count(*) as n, sum(words) as words from gone group by 1, 2) g
  where s.tenant_id = g.tenant_id and s.lang = g.lang;
  return null;
end $$;
-- +goose StatementEnd
create trigger forget after delete on chunks referencing old table as gone for each statement execute function kb_forget_chunks();
