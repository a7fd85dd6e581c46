-- One search: both halves, filter, fusion and passages in one statement under
-- row-level security. Run by hand and not by sqlc: the type of a vector
-- depends on its model.
-- $1 text  $2 reader's language  $3 staff  $4 company  $5 limit
-- $6, $7 concepts and their weights  $8 parts of compounds
-- $9 query vector or null  $10 name of its model  $11 weight of the vector half
with asked as (
  select term, least(max(times), 2)::real * case when left(term, 1) = '=' then 0.3 else 1 end as weight
  from kb_terms($2, $1) group by term
  union all select '#' || c, w::real from unnest($6::text[], $7::real[]) as u(c, w)
  union all select p, 1 from unnest($8::text[]) as u(p)
), size as (
  select lang, chunks, (words / greatest(chunks, 1))::real as mean, (row_number() over (order by lang = $2 desc, lang))::smallint as tongue
  from language_stats where chunks > 0
), worth as (
  -- Words that stand in more than a quarter of the chunks say nothing.
  select s.term, l.tongue, s.lang, s.chunks, left(s.term, 1) = '#' as concept, l.lang = $2 as own, greatest(l.mean, 1) as mean,
    (a.weight * ln(1 + (l.chunks - s.chunks + 0.5) / (s.chunks + 0.5)))::real as gain
  from (select term, max(weight) as weight from asked group by term) a
  join term_stats s on s.term = a.term join size l on l.lang = s.lang
  where (s.lang = $2 or left(s.term, 1) in ('=', '#')) and s.chunks > 0 and s.chunks <= greatest(l.chunks / 4, 10)
), known as materialized (
  -- The telling words first, and the rest only while few postings were read:
  -- it bounds a search at any size and cuts nothing from a small base.
  select * from (select w.*, sum(chunks) over (order by gain desc, term, lang) as before from worth w) b
  where before - chunks < 6000 or (own and before - chunks < 12000 and not concept)
), passages as materialized (
  select p.article_no, k.tongue, p.chunk_no,
    coalesce(sum(x.score) filter (where not k.concept), 0)::real as said,
    coalesce(sum(x.score) filter (where k.concept), 0)::real as meant,
    sum(k.gain)::real as covered
  from known k join postings p on p.term = k.term and p.lang = k.lang
  cross join lateral (select k.gain * p.weight * 2.2::real / (p.weight + 1.2::real * (0.5::real + 0.5::real * p.words / k.mean)) as score) x
  where $3 or p.audience is null or p.audience = $4
  group by 1, 2, 3
), candidates as materialized (
  select article_no from (select article_no, said + meant as worth from passages order by 2 desc limit 400) best group by 1
), versions as (
  select article_no, tongue, max(said) as said, max(meant) as meant
  from passages where article_no in (select article_no from candidates) group by 1, 2
), lexical as (
  -- Words count in the reader's language, or else in the best other one;
  -- concepts count as the mean of all versions, for each is another witness.
  select article_no, words + 3 * meant / greatest((select a.versions from articles a where a.no = g.article_no), 1) as score
  from (select article_no, sum(meant) as meant,
      coalesce(max(said) filter (where tongue = (select tongue from size where lang = $2)), 0.7 * max(said)) as words
    from versions group by article_no) g
  order by 2 desc limit 100
), near as materialized (
  /*near*/
), vectors as (
  select article_no, max(likeness) as likeness from near group by article_no
), fused as (
  select coalesce(l.article_no, v.article_no) as article_no,
    coalesce(l.score / nullif((select max(score) from lexical), 0), 0)
    + $11::real * coalesce((v.likeness - (select min(likeness) from near)) / nullif((select max(likeness) - min(likeness) from near), 0), case when v.likeness is null then 0 else 1 end) as score
  from lexical l full join vectors v on v.article_no = l.article_no
  order by 2 desc, 1 limit $5
), hits as (
  select distinct on (f.article_no) f.article_no, f.score, c.id as chunk, c.article_id, c.lang, c.title, c.path, c.anchor, c.body,
    coalesce(p.covered, 0) as covered, n.likeness
  from fused f
  join chunks c on c.article_no = f.article_no
  left join passages p on p.chunk_no = c.no
  left join near n on n.chunk_no = c.no
  order by f.article_no, (c.lang = $2) desc,
    coalesce(p.said + p.meant, 0) / greatest((select max(said + meant) from passages), 1e-6) + coalesce(n.likeness, 0) desc, c.ord
)
select h.article_id, a.key, h.lang, h.title, h.path, h.anchor, h.body, h.chunk,
  least(1, greatest(h.covered / nullif(q.total, 0), h.likeness, 0))::float8 as score, v.summary
from hits h join articles a on a.no = h.article_no
join article_versions v on v.article_id = h.article_id and v.lang = h.lang
cross join lateral (
  -- What the whole question is worth in the hit's language, unknown words included.
  select (select coalesce(sum(k.gain), 0) from worth k where k.lang = h.lang)
    + (select count(*) from asked u where left(u.term, 1) not in ('=', '#')
        and not exists (select 1 from term_stats s where s.term = u.term and s.lang = $2 and s.chunks > 0))
      * (select ln(1 + (l.chunks + 0.5) / 0.5) from size l where l.lang = h.lang) as total
) q
order by h.score desc, h.article_no
