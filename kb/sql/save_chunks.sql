-- Chunks with their postings and the statistics, in one statement. Run by
-- hand and not by sqlc: it cannot type unnest of parallel arrays.
-- $1 tenant  $2 article  $3 article no  $4 lang  $5 audience  $6 title  $7 summary
-- $8 ids  $9 ord  $10 heading  $11 path  $12 anchor  $13 starts  $14 ends  $15 body
-- $16..$18 terms that the program knows beyond lexemes: chunk id, term, weight
-- $19 weights of title, summary, heading, body
with input as (
  select * from unnest($8::uuid[], $9::int[], $10::text[], $11::text[], $12::text[], $13::int[], $14::int[], $15::text[])
    as i(id, ord, heading, path, anchor, starts_at, ends_at, body)
), lexemes as (
  select i.id, t.term, sum(t.times * f.weight)::real as weight
  from input i
  cross join lateral (values ($6::text, ($19::real[])[1]), ($7::text, ($19::real[])[2]), (i.path, ($19::real[])[3]), (i.body, ($19::real[])[4]))
    as f(said, weight)
  cross join lateral kb_terms($4, f.said) t
  group by i.id, t.term
), terms as (
  select id, term, sum(weight)::real as weight
  from (select id, term, weight from lexemes union all select * from unnest($16::uuid[], $17::text[], $18::real[])) x
  group by id, term
), size as (
  select i.id, (select coalesce(sum(t.times), 0) from kb_terms($4, i.body) t where left(t.term, 1) not in ('=', '#'))::real as words
  from input i
), made as (
  insert into chunks (tenant_id, id, article_id, article_no, lang, audience, ord, title, heading, path, anchor, starts_at, ends_at, body, words, terms)
  select $1, i.id, $2, $3, $4, $5, i.ord, $6, i.heading, i.path, i.anchor, i.starts_at, i.ends_at, i.body, s.words,
    coalesce((select array_agg(t.term) from terms t where t.id = i.id), '{}')
  from input i join size s on s.id = i.id
  returning id, no, words
), posted as (
  insert into postings (tenant_id, term, lang, chunk_no, article_no, audience, weight, words)
  select $1, t.term, $4, m.no, $3, $5, t.weight, m.words from terms t join made m on m.id = t.id
), counted as (
  insert into term_stats as s (tenant_id, term, lang, chunks)
  select $1, term, $4, count(*) from terms group by term order by term
  on conflict (tenant_id, term, lang) do update set chunks = s.chunks + excluded.chunks
), summed as (
  insert into language_stats as s (tenant_id, lang, chunks, words)
  select $1, $4, count(*), sum(words) from made having count(*) > 0
  on conflict (tenant_id, lang) do update set chunks = s.chunks + excluded.chunks, words = s.words + excluded.words
)
select id, no from made
