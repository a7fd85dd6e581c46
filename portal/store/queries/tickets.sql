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
-- What the viewer may see and asked for, newest change first, after the cursor.
select * from ticket_rows
where (sqlc.arg(all_tickets)::bool or requester_id = sqlc.arg(viewer)
       or (sqlc.narg(company)::uuid is not null and company_id = sqlc.narg(company)::uuid))
  and status = any (sqlc.arg(statuses)::text[])
  and (sqlc.narg(requester)::uuid is null or requester_id = sqlc.narg(requester)::uuid)
  and (sqlc.narg(assignee)::uuid is null or assignee_id = sqlc.narg(assignee)::uuid)
  and (not sqlc.arg(handed_off)::bool or handoff <> 'none')
  and (sqlc.arg(q)::text = '' or strpos(lower(subject), lower(sqlc.arg(q)::text)) > 0
       or strpos(lower(description), lower(sqlc.arg(q)::text)) > 0
       or strpos(lower(requester_name), lower(sqlc.arg(q)::text)) > 0
       or number::text = ltrim(sqlc.arg(q)::text, '#'))
  and (sqlc.narg(before)::timestamptz is null
       or (updated_at, id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
order by updated_at desc, id desc
limit sqlc.arg(at_most);

-- name: ChangeTicket :execrows
-- Nothing changes when somebody else was first: the version says so.
update tickets set status = sqlc.arg(status), priority = sqlc.arg(priority), assignee_id = sqlc.narg(assignee_id),
  version = version + 1, updated_at = clock_timestamp()
where id = sqlc.arg(id) and version = sqlc.arg(version);

-- name: InsertReply :one
insert into ticket_replies (tenant_id, id, ticket_id, author_id, text, internal)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(ticket_id), sqlc.arg(author_id), sqlc.arg(text), sqlc.arg(internal))
returning created_at;

-- name: RepliesOf :many
select r.id, r.author_id, u.name as author_name, u.role as author_role, r.text, r.internal, r.created_at
from ticket_replies r join users u on u.tenant_id = r.tenant_id and u.id = r.author_id
where r.ticket_id = sqlc.arg(ticket_id) and (sqlc.arg(staff)::bool or not r.internal)
order by r.created_at, r.id;

-- name: TouchTicket :exec
update tickets set updated_at = clock_timestamp() where id = sqlc.arg(id);

-- name: TicketsOfConversations :many
select * from ticket_rows where conversation_id = any (sqlc.arg(conversations)::uuid[])
order by conversation_id, session desc, created_at desc;

-- name: HearTickets :exec
-- The requester wrote in the conversation: what is not done moves up in the
-- queue, and what waited for them waits no longer.
update tickets set updated_at = clock_timestamp(), version = version + (status = 'pending')::int,
  status = case when status = 'pending' then 'open' else status end
where conversation_id = sqlc.arg(conversation_id)::uuid and status not in ('resolved', 'closed');
