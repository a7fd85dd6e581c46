  select null::bigint as chunk_no, null::bigint as article_no, null::text as lang, null::real as likeness
  where $9::text is null and $10::text is not null and false
