-- What an answer is made of: the passages that were found, and of the best
-- articles those around the one that was found, with the Markdown they were
-- cut from.
-- $1 chunks found  $2 the best of them  $3 staff  $4 company  $5, $6 how far around it
with best as (
  select article_id, lang, ord from chunks where id = any ($2::uuid[])
)
select c.id, c.article_id, a.key, c.lang, c.title, c.path, c.anchor, c.starts_at, c.ends_at, v.markdown
from chunks c
join articles a on a.id = c.article_id
join article_versions v on v.article_id = c.article_id and v.lang = c.lang
where ($3 or c.audience is null or c.audience = $4)
  and (c.id = any ($1::uuid[])
    or exists (select 1 from best b where b.article_id = c.article_id and b.lang = c.lang and c.ord between b.ord - $5::int and b.ord + $6::int))
order by c.ord
