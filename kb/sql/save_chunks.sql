-- Chunks of a batch of versions with their postings and the statistics, in
-- one statement. Run by hand and not by sqlc: it cannot type unnest of
-- parallel arrays.
-- $1 tenant  $2 audience
-- $3.. one entry a chunk: id, article, article no, lang, ord, title, summary, heading, path, anchor, starts, ends, body
-- $16.. terms that the program knows beyond lexemes: place of the chunk, term, weight
-- $19 what a word counts by where it stands: title, summary, heading, body
with input as (
  select *, ordinality::int as place
  from unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::int[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::int[], $14::int[], $15::text[])
    with ordinality as i(id, article_id, article_no, lang, ord, title, summary, heading, path, anchor, starts_at, ends_at, body, ordinality)
), lexemes as materialized (
  select i.place, f.part, t.term, t.times
  from input i cross join lateral (values (1, i.title), (2, i.summary), (3, i.path), (4, i.body)) as f(part, said)
  cross join lateral kb_terms(i.lang, f.said) t
), terms as materialized (
  select place, term, sum(weight)::real as weight
  from (select place, term, times * ($19::real[])[part] as weight from lexemes
    union all select * from unnest($16::int[], $17::text[], $18::real[])) x
  group by place, term
), listed as (
  select place, array_agg(term) as terms from terms group by place
), size as (
  select place, sum(times)::real as words from lexemes where part = 4 and left(term, 1) <> '=' group by place
), made as (
  insert into chunks (tenant_id, id, article_id, article_no, lang, audience, ord, title, heading, path, anchor, starts_at, ends_at, body, words, terms)
  select $1, i.id, i.article_id, i.article_no, i.lang, $2, i.ord, i.title, i.heading, i.path, i.anchor, i.starts_at, i.ends_at, i.body,
    coalesce(s.words, 0), coalesce(l.terms, '{}')
  from input i left join size s on s.place = i.place left join listed l on l.place = i.place
  order by i.place
  returning id, no, lang, article_no, words
), posted as (
  insert into postings (tenant_id, term, lang, chunk_no, article_no, audience, weight, words)
  select $1, t.term, m.lang, m.no, m.article_no, $2, t.weight, m.words
  from made m join input i on i.id = m.id join terms t on t.place = i.place
), counted as (
  insert into term_stats as s (tenant_id, term, lang, chunks)
  select $1, t.term, i.lang, count(*) from terms t join input i on i.place = t.place group by t.term, i.lang
  on conflict (tenant_id, term, lang) do update set chunks = s.chunks + excluded.chunks
), summed as (
  insert into language_stats as s (tenant_id, lang, chunks, words)
  select $1, lang, count(*), sum(words) from made group by lang
  on conflict (tenant_id, lang) do update set chunks = s.chunks + excluded.chunks, words = s.words + excluded.words
)
select id, no from made
