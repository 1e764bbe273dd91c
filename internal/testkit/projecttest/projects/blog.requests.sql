select handle, bio, links from authors where handle = 'ADA' or user_id = auth.uid();
select slug, title, tags, status, published_at from posts order by published_at desc nulls last;
select slug, status, search from posts where author_id = auth.uid();
select slug from posts where slug = 'POST-6' or 'travel' = any (tags);
select title from search_posts('running river');
select p.slug, like_count(p) from posts p;
select id, post_id, parent_id, author_id, guest, body from comments order by created_at desc limit 40;
select p.slug, count(c.id) from posts p join comments c on c.post_id = p.id group by p.id, p.slug;
select post_id, user_id from post_likes;
select title from posts where lower(without_accents(title)) like 'cafe in malaga%';
select title from posts where to_tsvector('plain', title) @@ to_tsquery('plain', 'lodz');
insert into comments (id, post_id, author_id, body)
select 9000, id, auth.uid(), 'Nice' from posts where slug = 'post-1' returning post_id, author_id, approved;
insert into posts (author_id, slug, title) values (auth.uid(), 'POST-3', 'Again')
returning author_id, slug, title, search;
update comments set body = body || '!' where approved returning id, body;
