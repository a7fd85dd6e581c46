-- name: MergeTicket :execrows
-- Closes a ticket and points it at another. What was merged into it before
-- follows: nobody is sent on twice.
update tickets set merged_into = sqlc.arg(target)::uuid, merged_at = clock_timestamp(), merged_by = sqlc.arg(by)::uuid,
  merged_status = status, merged_resolution = resolution, status = 'closed', resolution = null, fix_asked_at = null,
  version = version + 1, updated_at = moment.at, heard_at = moment.at
from (select clock_timestamp() as at) moment
where id = sqlc.arg(id) and merged_into is null and version = sqlc.arg(version);

-- name: FollowMerge :many
update tickets set merged_into = sqlc.arg(target)::uuid where merged_into = sqlc.arg(id)::uuid returning id;

-- name: UnmergeTicket :execrows
update tickets set status = coalesce((select s.key from ticket_statuses s where s.key = merged_status), 'open'), resolution = merged_resolution,
  merged_into = null, merged_at = null, merged_by = null, merged_status = null, merged_resolution = null,
  version = version + 1, updated_at = moment.at, heard_at = moment.at
from (select clock_timestamp() as at) moment
where id = sqlc.arg(id) and merged_into is not null;

-- name: MergedInto :many
select * from ticket_rows where merged_into = sqlc.arg(id)::uuid order by merged_at, id limit 200;
