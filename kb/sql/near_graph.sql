  select v.chunk_no, v.article_no, v.lang, (1 - (v.embedding::halfvec(DIMENSIONS) <=> $9::halfvec(DIMENSIONS)))::real as likeness
  from chunk_vectors v
  where v.model_id = (select id from embedding_models where name = $10 and state = 'serving') and v.dimensions = DIMENSIONS
    and ($3 or v.audience is null or v.audience = $4)
  order by v.embedding::halfvec(DIMENSIONS) <=> $9::halfvec(DIMENSIONS) limit 200
