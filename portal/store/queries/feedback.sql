-- name: RateAnswer :exec
-- The newest judgement counts. Bad news is open again, whatever was done about the news before it.
insert into feedback (tenant_id, id, user_id, rating, conversation_id, seq, rating_seq)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.arg(rating), sqlc.arg(conversation_id)::uuid, sqlc.arg(seq)::bigint, sqlc.arg(rating_seq)::bigint)
on conflict (tenant_id, conversation_id, seq) do update set rating = excluded.rating, rating_seq = excluded.rating_seq, rated_at = now(),
  state = case when excluded.rating = 'down' then 'open' else feedback.state end;

-- name: RateArticle :exec
insert into feedback (tenant_id, id, user_id, rating, article_id, lang, change, reason)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.arg(rating), sqlc.arg(article_id)::uuid, sqlc.arg(lang)::text, sqlc.arg(change)::bigint, sqlc.arg(reason))
on conflict (tenant_id, article_id, lang, change, user_id) do update set rating = excluded.rating, reason = excluded.reason, rated_at = now(),
  state = case when excluded.rating = 'down' then 'open' else feedback.state end;

-- name: OwnArticleRating :one
select rating, reason from feedback
where article_id = sqlc.arg(article_id)::uuid and lang = sqlc.arg(lang)::text and change = sqlc.arg(change)::bigint and user_id = sqlc.arg(user_id);

-- name: Reviews :many
-- Bad judgements, the newest first.
select f.id, f.conversation_id, f.seq, f.rating_seq, f.article_id, f.lang, f.change, f.reason, f.state, f.note, f.done_at, f.rated_at,
  u.id as user_id, u.name as user_name, coalesce(k.name, '')::text as company, coalesce(d.name, '')::text as done_by,
  coalesce(r.title, '')::text as title, coalesce(v.change = f.change, false)::boolean as current
from feedback f
join users u on u.tenant_id = f.tenant_id and u.id = f.user_id
left join companies k on k.tenant_id = u.tenant_id and k.id = u.company_id
left join users d on d.tenant_id = f.tenant_id and d.id = f.done_by
left join article_revisions r on r.tenant_id = f.tenant_id and r.article_id = f.article_id and r.lang = f.lang and r.change = f.change
left join article_versions v on v.tenant_id = f.tenant_id and v.article_id = f.article_id and v.lang = f.lang
where f.rating = 'down'
  and (sqlc.arg(state)::text = '' or f.state = sqlc.arg(state))
  and (sqlc.arg(kind)::text = '' or (sqlc.arg(kind) = 'answer') = (f.conversation_id is not null))
  and (sqlc.narg(person)::uuid is null or f.user_id = sqlc.narg(person))
  and (sqlc.narg(company)::uuid is null or u.company_id = sqlc.narg(company))
  and (sqlc.narg(closed_by)::uuid is null or f.done_by = sqlc.narg(closed_by))
  and (sqlc.narg(one)::uuid is null or f.id = sqlc.narg(one))
  and (sqlc.narg(before)::timestamptz is null or (f.rated_at, f.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
order by f.rated_at desc, f.id desc limit sqlc.arg(at_most);

-- name: RatedEvents :many
-- What was asked, what was answered and what was said about it; null where it was erased.
select f.id, m.body as answer, q.body as question, r.body as rating
from feedback f
join conversation_events m on m.tenant_id = f.tenant_id and m.conversation_id = f.conversation_id and m.seq = f.seq
left join turns t on t.tenant_id = f.tenant_id and t.id = nullif(convert_from(m.body, 'UTF8')::jsonb ->> 'turn', '')::uuid
left join conversation_events q on q.tenant_id = f.tenant_id and q.conversation_id = f.conversation_id and q.seq = t.message_seq
left join conversation_events r on r.tenant_id = f.tenant_id and r.conversation_id = f.conversation_id and r.seq = f.rating_seq
where f.id = any (sqlc.arg(ids)::uuid[]);

-- name: SetReview :execrows
update feedback set state = sqlc.arg(state), note = sqlc.arg(note),
  done_by = case when sqlc.arg(state) = 'done' then sqlc.arg(by_user)::uuid end,
  done_at = case when sqlc.arg(state) = 'done' then now() end
where id = sqlc.arg(id) and rating = 'down';

-- name: AddUnanswered :exec
insert into unanswered (tenant_id, conversation_id, seq, question_seq, key, lang)
values (sqlc.arg(tenant_id), sqlc.arg(conversation_id), sqlc.arg(seq), sqlc.arg(question_seq), sqlc.arg(key), sqlc.arg(lang))
on conflict do nothing;

-- name: UnansweredQuestions :many
-- One row a question: how often, by how many people, and where it was asked last.
with groups as (
  select u.key, count(*) as times, count(distinct c.user_id) as people, max(u.at)::timestamptz as last_at,
    (array_agg(u.conversation_id order by u.at desc))[1]::uuid as conversation_id,
    (array_agg(u.question_seq order by u.at desc))[1]::bigint as question_seq,
    (array_agg(u.lang order by u.at desc))[1]::text as lang,
    (array_agg(u.note order by u.done_at desc nulls last))[1]::text as note,
    (array_agg(u.done_by order by u.done_at desc nulls last))[1]::uuid as done_by
  from unanswered u join conversations c on c.tenant_id = u.tenant_id and c.id = u.conversation_id
  where u.state = sqlc.arg(state) and (sqlc.narg(one)::bytea is null or u.key = sqlc.narg(one))
  group by u.key
)
select g.key, g.times, g.people, g.last_at, g.conversation_id, g.question_seq, g.lang, g.note,
  coalesce(d.name, '')::text as done_by, q.body as question
from groups g
left join users d on d.id = g.done_by
left join conversation_events q on q.conversation_id = g.conversation_id and q.seq = g.question_seq
order by g.times desc, g.last_at desc, g.key limit sqlc.arg(at_most) offset sqlc.arg(from_row);

-- name: SetUnanswered :execrows
update unanswered set state = sqlc.arg(state), note = sqlc.arg(note),
  done_by = case when sqlc.arg(state) = 'done' then sqlc.arg(by_user)::uuid end,
  done_at = case when sqlc.arg(state) = 'done' then now() end
where key = sqlc.arg(key);

-- name: ReviewCounts :one
select (select count(*) from feedback where rating = 'down' and state = 'open') as reviews,
  (select count(distinct key) from unanswered where state = 'open') as unanswered;
