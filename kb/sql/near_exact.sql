  select v.chunk_no, v.article_no, v.lang, (1 - (v.embedding <=> $9::halfvec))::real as likeness
  from embedding_models m join chunk_vectors v on v.model_id = m.id
  where m.name = $10 and m.state = 'serving' and v.dimensions = vector_dims($9::halfvec)
    and ($3 or v.audience is null or v.audience = $4)
  order by v.embedding <=> $9::halfvec limit 200
