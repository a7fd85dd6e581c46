-- name: PlanEachTime :exec
-- The statements of a filter are planned with what is really asked for: parts
-- that were left out fall away, and the index of the rarest one is taken.
select set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: FilterTickets :many
-- For staff: the ids of what fits all of a filter, the last changed first.
with terms as materialized (
  select array_agg('% ' || left(w, 40) || '%') as patterns from unnest(string_to_array(conserje_words(sqlc.arg(q)::text), ' ')) as w where w <> '')
select t.id from tickets t
where t.status = any (sqlc.arg(statuses)::text[])
  and (sqlc.narg(ids)::uuid[] is null or t.id = any (sqlc.narg(ids)::uuid[]))
  and (sqlc.narg(numbers)::bigint[] is null or t.number = any (sqlc.narg(numbers)::bigint[]))
  and (sqlc.narg(companies)::uuid[] is null or t.company_id = any (sqlc.narg(companies)::uuid[]))
  and (sqlc.narg(priorities)::text[] is null or t.priority = any (sqlc.narg(priorities)::text[]))
  and (sqlc.narg(assignees)::uuid[] is null or t.assignee_id = any (sqlc.narg(assignees)::uuid[]))
  and (not sqlc.arg(unassigned)::bool or t.assignee_id is null)
  and (sqlc.narg(updated_from)::timestamptz is null or t.updated_at >= sqlc.narg(updated_from)::timestamptz)
  and (sqlc.narg(updated_to)::timestamptz is null or t.updated_at < sqlc.narg(updated_to)::timestamptz)
  and (sqlc.narg(created_from)::timestamptz is null or t.created_at >= sqlc.narg(created_from)::timestamptz)
  and (sqlc.narg(created_to)::timestamptz is null or t.created_at < sqlc.narg(created_to)::timestamptz)
  and (sqlc.narg(fields)::uuid[] is null or not exists (
    select from (select (sqlc.narg(fields)::uuid[])[i] as id, (sqlc.narg(wants)::text[])[i] as value
      from generate_subscripts(sqlc.narg(fields)::uuid[], 1) as i) f
    where not exists (
      select from ticket_values v where v.tenant_id = t.tenant_id and v.ticket_id = t.id and v.field_id = f.id and case v.kind
        when 'choice' then v.option_id::text = f.value when 'choices' then v.option_id::text = f.value
        when 'yes_no' then v.yes::text = f.value when 'date' then v.date::text = f.value when 'number' then v.number = f.value::float8
        else strpos(lower(v.text), lower(f.value)) > 0 end)))
  and (sqlc.narg(unread_of)::uuid is null or t.updated_at > coalesce(
    (select s.seen_at from ticket_seen s where s.tenant_id = t.tenant_id and s.user_id = sqlc.narg(unread_of)::uuid and s.ticket_id = t.id),
    (select u.unread_from from users u where u.id = sqlc.narg(unread_of)::uuid)))
  and (sqlc.arg(q)::text = '' or t.number = sqlc.narg(number)::bigint or t.words like all ((select patterns from terms)::text[])
    or t.requester_id in (select u.id from users u where strpos(lower(u.name), lower(sqlc.arg(q)::text)) > 0))
  and (sqlc.narg(before)::timestamptz is null or (t.updated_at, t.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
order by t.updated_at desc, t.id desc limit sqlc.arg(at_most);

-- name: TicketsByIDs :many
select * from ticket_rows where id = any (sqlc.arg(ids)::uuid[]) order by updated_at desc, id desc;

-- name: FewNumbers :one
-- The tickets that a search can only mean, when they are few: those that have
-- its rarest word, are somebody's of that name, or have that number.
with words as materialized (
  select left(w, 40) as word from unnest(string_to_array(conserje_words(sqlc.arg(q)::text), ' ')) as w where w <> ''),
rarest as materialized (
  select word from words cross join lateral (
    select count(*) as n from (select from ticket_words where word >= words.word and word < words.word || chr(1114111) limit sqlc.arg(at_most)) f) c
  order by c.n, length(word) desc limit 1),
people as materialized (select id from users where strpos(lower(name), lower(sqlc.arg(q)::text)) > 0 limit 200),
found as (
  (select number from ticket_words where word >= (select word from rarest) and word < (select word || chr(1114111) from rarest) limit sqlc.arg(at_most))
  union (select t.number from people p cross join lateral (select number from tickets where requester_id = p.id limit sqlc.arg(at_most) offset 0) t limit sqlc.arg(at_most))
  union (select sqlc.narg(number)::bigint where sqlc.narg(number)::bigint is not null))
select coalesce(array_agg(number), '{}')::bigint[] as numbers, (select count(*) from people) as people from found;

-- name: FewWithOption :many
-- The tickets that have a choice, as far as they are few.
select ticket_id from ticket_values where field_id = sqlc.arg(field_id) and option_id = sqlc.arg(option_id)::uuid limit sqlc.arg(at_most);

-- name: HandedOffTickets :many
select t.id from conversations c join tickets t on t.tenant_id = c.tenant_id and t.conversation_id = c.id
where c.handoff <> 'none' limit sqlc.arg(at_most);

-- name: UnreadOf :many
-- Which of some tickets have something new for a person. Who opened a ticket has
-- read it by that.
select t.id from tickets t
join users u on u.tenant_id = t.tenant_id and u.id = sqlc.arg(user_id)
left join ticket_seen s on s.tenant_id = t.tenant_id and s.user_id = u.id and s.ticket_id = t.id
where t.id = any (sqlc.arg(ids)::uuid[])
  and case when sqlc.arg(staff)::bool then t.updated_at else t.heard_at end
    > coalesce(s.seen_at, case when t.requester_id = u.id then greatest(t.created_at, u.unread_from) else u.unread_from end);

-- name: SeeTicket :exec
-- A person has seen a ticket as it was at a moment, or, without one, as it is.
insert into ticket_seen as s (tenant_id, user_id, ticket_id, seen_at)
values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(ticket_id), least(coalesce(sqlc.narg(until)::timestamptz, clock_timestamp()), clock_timestamp()))
on conflict (tenant_id, user_id, ticket_id) do update set seen_at = greatest(s.seen_at, excluded.seen_at);

-- name: HearTicket :exec
-- Its users have something new in a ticket.
update tickets set heard_at = moment.at, updated_at = moment.at from (select clock_timestamp() as at) moment where id = sqlc.arg(id);

-- name: SavedViews :many
-- Shared ones first.
select id, owner_id, name, filter from ticket_views
where owner_id is null or owner_id = sqlc.arg(user_id) order by owner_id is not null, lower(name), id;

-- name: SavedView :one
select id, owner_id, name, filter from ticket_views where id = sqlc.arg(id) for update;

-- name: SaveView :exec
insert into ticket_views (tenant_id, id, owner_id, name, filter)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.narg(owner_id), sqlc.arg(name), sqlc.arg(filter))
on conflict (tenant_id, id) do update set owner_id = excluded.owner_id, name = excluded.name, filter = excluded.filter;

-- name: RemoveView :exec
delete from ticket_views where id = sqlc.arg(id);
