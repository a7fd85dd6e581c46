-- name: HoldTokens :exec
insert into token_holds as h (tenant_id, day, shard, tokens)
values (sqlc.arg(tenant_id), to_date(sqlc.arg(day)::text, 'YYYY-MM-DD'), sqlc.arg(shard), sqlc.arg(tokens))
on conflict (tenant_id, day, shard) do update set tokens = greatest(0, h.tokens + excluded.tokens);

-- name: TokensOfDay :one
-- What the tenant's turns used on a day and may still use.
select (coalesce((select input_tokens + output_tokens from token_usage u where u.day = to_date(sqlc.arg(day)::text, 'YYYY-MM-DD')), 0)
      + coalesce((select sum(tokens) from token_holds h where h.day = to_date(sqlc.arg(day)::text, 'YYYY-MM-DD')), 0))::bigint as tokens;

-- name: SummaryOf :one
select upto_seq, text from conversation_summaries where conversation_id = sqlc.arg(conversation_id);

-- name: KeepSummary :exec
insert into conversation_summaries (tenant_id, conversation_id, upto_seq, text)
values (sqlc.arg(tenant_id), sqlc.arg(conversation_id), sqlc.arg(upto_seq), sqlc.arg(text))
on conflict (tenant_id, conversation_id) do update set
  upto_seq = excluded.upto_seq, text = excluded.text, updated_at = now()
where conversation_summaries.upto_seq < excluded.upto_seq;
