-- name: InsertFile :exec
-- Before its bytes are written: what a crash leaves behind is found by its row.
insert into files (tenant_id, id, uploader_id, name, type, size, sha256, picture, width, height)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(uploader_id), sqlc.arg(name), sqlc.arg(type), sqlc.arg(size), sqlc.arg(sha256),
        sqlc.arg(picture), sqlc.narg(width), sqlc.narg(height));

-- name: FileStored :exec
update files set stored_at = now() where id = sqlc.arg(id);

-- name: ForgetFile :exec
-- Of a file whose bytes are gone or never came.
delete from files where id = sqlc.arg(id) and num_nonnulls(ticket_id, reply_id, conversation_id) = 0;

-- name: FileByID :one
select sqlc.embed(f), r.ticket_id as reply_ticket, r.internal
from files f left join ticket_replies r on r.tenant_id = f.tenant_id and r.id = f.reply_id
where f.id = sqlc.arg(id) and f.stored_at is not null and f.deleted_at is null;

-- name: AttachFiles :many
-- Only what this person sent and attached nowhere yet.
update files set ticket_id = sqlc.narg(ticket_id), reply_id = sqlc.narg(reply_id), conversation_id = sqlc.narg(conversation_id),
  position = array_position(sqlc.arg(ids)::uuid[], id)
where id = any (sqlc.arg(ids)::uuid[]) and uploader_id = sqlc.arg(uploader_id)
  and num_nonnulls(ticket_id, reply_id, conversation_id) = 0 and stored_at is not null and deleted_at is null
returning *;

-- name: FilesOfTicket :many
-- Those of its opening and of its replies; of internal notes for staff only.
select f.* from files f where f.ticket_id = sqlc.arg(ticket_id)::uuid
union all
select f.* from ticket_replies r join files f on f.tenant_id = r.tenant_id and f.reply_id = r.id
where r.ticket_id = sqlc.arg(ticket_id)::uuid and (sqlc.arg(staff)::bool or not r.internal)
order by position, id;

-- name: CountFilesOfTicket :one
select ((select count(*) from files f where f.ticket_id = sqlc.arg(ticket_id)::uuid)
  + (select count(*) from ticket_replies r join files f on f.tenant_id = r.tenant_id and f.reply_id = r.id where r.ticket_id = sqlc.arg(ticket_id)::uuid))::bigint as files;

-- name: CountFilesOfConversation :one
select count(*) from files where conversation_id = sqlc.arg(conversation_id)::uuid;

-- name: DeleteFile :execrows
update files set deleted_at = now() where id = sqlc.arg(id) and deleted_at is null;

-- name: DeleteLooseFiles :execrows
-- Sent long ago and attached nowhere.
update files set deleted_at = now()
where num_nonnulls(ticket_id, reply_id, conversation_id) = 0 and deleted_at is null and created_at < now() - make_interval(secs => sqlc.arg(age_seconds)::float);

-- name: FilesToPurge :many
select id from files where deleted_at is not null and purged_at is null order by deleted_at limit sqlc.arg(at_most);

-- name: FilePurged :exec
update files set purged_at = now() where id = sqlc.arg(id);
