-- name: NextTicketNumber :one
insert into ticket_counters as c (tenant_id, last) values (sqlc.arg(tenant_id), 1)
on conflict (tenant_id) do update set last = c.last + 1
returning last;

-- name: InsertTicket :exec
insert into tickets (tenant_id, id, number, requester_id, company_id, conversation_id, session, origin, subject, description)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(number), sqlc.arg(requester_id), sqlc.narg(company_id),
        sqlc.narg(conversation_id), sqlc.arg(session), sqlc.arg(origin), sqlc.arg(subject), sqlc.arg(description));

-- name: TicketByID :one
select * from ticket_rows where id = sqlc.arg(id);

-- name: TicketByNumber :one
select * from ticket_rows where number = sqlc.arg(number);

-- name: TicketsOfConversation :many
-- The conversation's own ticket first, then the newest.
select * from ticket_rows where conversation_id = sqlc.arg(conversation_id)::uuid
order by session desc, created_at desc;

-- name: ListTickets :many
-- For staff: what was asked for, newest change first, after the cursor.
with page as (
  select id, updated_at from tickets
  where status = any (sqlc.arg(statuses)::text[])
    and (sqlc.narg(before)::timestamptz is null or (updated_at, id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
  order by updated_at desc, id desc limit sqlc.arg(at_most))
select sqlc.embed(r) from page join ticket_rows r on r.id = page.id order by page.updated_at desc, page.id desc;

-- name: ListTicketsAmong :many
-- The same among few: those of one requester or company, given to one
-- technician, or whose conversation was handed off, that fit the words.
with terms as materialized (
  select array_agg('% ' || left(w, 40) || '%') as patterns from unnest(string_to_array(conserje_words(sqlc.arg(q)::text), ' ')) as w where w <> ''),
few as materialized (
  select id, number, requester_id, updated_at, subject, description, words from tickets
  where requester_id = sqlc.narg(requester)::uuid and status = any (sqlc.arg(statuses)::text[])
  union all
  select id, number, requester_id, updated_at, subject, description, words from tickets
  where company_id = sqlc.narg(company)::uuid and requester_id is distinct from sqlc.narg(requester)::uuid and status = any (sqlc.arg(statuses)::text[])
  union all
  select id, number, requester_id, updated_at, subject, description, words from tickets
  where assignee_id = sqlc.narg(assignee)::uuid and status = any (sqlc.arg(statuses)::text[])
  union all
  select t.id, t.number, t.requester_id, t.updated_at, t.subject, t.description, t.words from conversations c
  join tickets t on t.tenant_id = c.tenant_id and t.conversation_id = c.id
  where sqlc.arg(handed_off)::bool and c.handoff <> 'none' and t.status = any (sqlc.arg(statuses)::text[])),
page as (
  select f.id, f.updated_at from terms, few f join users u on u.id = f.requester_id
  where (sqlc.narg(before)::timestamptz is null or (f.updated_at, f.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
    and (sqlc.arg(q)::text = '' or f.number = sqlc.narg(number)::bigint or strpos(lower(u.name), lower(sqlc.arg(q)::text)) > 0 or case
      when sqlc.arg(no_subject)::bool and sqlc.arg(no_description)::bool then false -- R21: what is hidden is not found
      when sqlc.arg(no_subject)::bool then conserje_words(f.description) like all (terms.patterns)
      when sqlc.arg(no_description)::bool then conserje_words(f.subject) like all (terms.patterns)
      else f.words like all (terms.patterns) end)
  order by f.updated_at desc, f.id desc limit sqlc.arg(at_most))
select sqlc.embed(r) from page join ticket_rows r on r.id = page.id order by page.updated_at desc, page.id desc;

-- name: TicketsWithWord :one
-- How many tickets the longest word of a search leads to; counting ends early.
with longest as materialized (
  select left(w, 40) as word from unnest(string_to_array(conserje_words(sqlc.arg(q)::text), ' ')) as w where w <> '' order by length(w) desc limit 1)
select count(*) from (
  select from ticket_words where word >= (select word from longest) and word < (select word || chr(1114111) from longest) limit sqlc.arg(at_most)) as found;

-- name: SearchNewestTickets :many
-- For staff: what fits the words among the tickets that changed last, which is
-- where frequent words fill a page from.
with terms as materialized (
  select array_agg('% ' || left(w, 40) || '%') as patterns from unnest(string_to_array(conserje_words(sqlc.arg(q)::text), ' ')) as w where w <> ''),
newest as materialized (
  select id, number, requester_id, updated_at, words from tickets
  where status = any (sqlc.arg(statuses)::text[])
    and (sqlc.narg(before)::timestamptz is null or (updated_at, id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
  order by updated_at desc, id desc limit sqlc.arg(among)),
page as (
  select n.id, n.updated_at from terms, newest n join users u on u.id = n.requester_id
  where n.number = sqlc.narg(number)::bigint or strpos(lower(u.name), lower(sqlc.arg(q)::text)) > 0 or n.words like all (terms.patterns)
  order by n.updated_at desc, n.id desc limit sqlc.arg(at_most))
select sqlc.embed(r) from page join ticket_rows r on r.id = page.id order by page.updated_at desc, page.id desc;

-- name: SearchTickets :many
-- For staff: what fits the words among all tickets, found by the longest of
-- them. offset 0 keeps each look-up a look-up.
with words as materialized (
  select left(w, 40) as word from unnest(string_to_array(conserje_words(sqlc.arg(q)::text), ' ')) as w where w <> ''),
terms as materialized (
  select array_agg('% ' || word || '%') as patterns, (select word from words order by length(word) desc limit 1) as longest from words),
people as materialized (select id from users where strpos(lower(name), lower(sqlc.arg(q)::text)) > 0),
found as (
  select number from ticket_words where word >= (select longest from terms) and word < (select longest || chr(1114111) from terms)
  union select t.number from people p cross join lateral (select number from tickets where requester_id = p.id offset 0) t
  union select sqlc.narg(number)::bigint),
page as (
  select t.id, t.updated_at from terms, found f
  cross join lateral (select id, number, requester_id, status, updated_at, words from tickets where number = f.number offset 0) t
  where t.status = any (sqlc.arg(statuses)::text[])
    and (sqlc.narg(before)::timestamptz is null or (t.updated_at, t.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
    and (t.number = sqlc.narg(number)::bigint or t.requester_id in (select id from people) or t.words like all (terms.patterns))
  order by t.updated_at desc, t.id desc limit sqlc.arg(at_most))
select sqlc.embed(r) from page join ticket_rows r on r.id = page.id order by page.updated_at desc, page.id desc;

-- name: ChangeTicket :execrows
-- Nothing changes when somebody else was first: the version says so.
update tickets set status = sqlc.arg(status), priority = sqlc.arg(priority), assignee_id = sqlc.narg(assignee_id), resolution = sqlc.narg(resolution),
  fix_asked_at = case when sqlc.arg(asked)::bool then coalesce(fix_asked_at, clock_timestamp()) end,
  version = version + 1, updated_at = moment.at,
  heard_at = case when sqlc.arg(heard)::bool then moment.at else heard_at end
from (select clock_timestamp() as at) moment -- one: who has seen the ticket up to its change has heard what came with it
where id = sqlc.arg(id) and version = sqlc.arg(version);

-- name: InsertReply :one
insert into ticket_replies (tenant_id, id, ticket_id, author_id, text, internal)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(ticket_id), sqlc.arg(author_id), sqlc.arg(text), sqlc.arg(internal))
returning created_at;

-- name: RepliesOf :many
-- The newest first, before the cursor.
select r.id, r.author_id, u.name as author_name, u.role as author_role, r.text, r.internal, r.created_at
from ticket_replies r join users u on u.tenant_id = r.tenant_id and u.id = r.author_id
where r.ticket_id = sqlc.arg(ticket_id) and (sqlc.arg(staff)::bool or not r.internal)
  and (sqlc.narg(before)::timestamptz is null or (r.created_at, r.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
order by r.created_at desc, r.id desc limit sqlc.arg(at_most);

-- name: TouchTicket :exec
update tickets set updated_at = clock_timestamp() where id = sqlc.arg(id);

-- name: TicketsOfConversations :many
select * from ticket_rows where conversation_id = any (sqlc.arg(conversations)::uuid[])
order by conversation_id, session desc, created_at desc;

-- name: HearTickets :exec
-- The requester wrote in the conversation: what is not done moves up in the
-- queue, and what waited for them waits no longer. A merged ticket stands where
-- it was merged into.
update tickets t set updated_at = clock_timestamp(), version = t.version + (s.kind = 'pending')::int,
  status = case when s.kind = 'pending' then 'open' else t.status end
from ticket_statuses s
where s.tenant_id = t.tenant_id and s.key = t.status
  and t.id in (select coalesce(k.merged_into, k.id) from tickets k where k.conversation_id = sqlc.arg(conversation_id)::uuid)
  and s.kind not in ('resolved', 'closed');

-- name: ChangesOf :many
-- What was changed of a ticket after a version, oldest first, and by whom.
select a.at, coalesce(u.name, '')::text as actor_name, a.actor, a.action, a.detail
from audit a left join users u on u.tenant_id = a.tenant_id and u.id = a.actor
where a.object_id = sqlc.arg(ticket_id) and a.action in ('ticket.changed', 'ticket.described', 'ticket.merged', 'ticket.unmerged', 'ticket.joined', 'ticket.parted')
  and coalesce((a.detail ->> 'version')::int, 0) > sqlc.arg(after)::int
order by a.at, a.id limit 500;
