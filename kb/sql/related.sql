-- The articles whose passages lie nearest to the middle of one article, in the
-- reader's language and of those that the reader may read.
-- $1 article  $2 language  $3 staff  $4 company  $5 limit
-- $9 the middle  $10 name of its model
with near as materialized (
  /*near*/
), best as (
  select article_no, max(likeness) as likeness from near group by article_no
)
select a.id, a.key, v.lang, v.title, v.summary, b.likeness
from best b
join articles a on a.no = b.article_no
join article_versions v on v.article_id = a.id and v.lang = $2
where a.id <> $1
order by b.likeness desc, a.key limit $5
