select slug, topic, is_private from channels order by slug;
select channel_id, user_id, role from channel_members;
select id, sent_at, author_id, body, reply_to, attachments from messages order by sent_at desc limit 25;
select m.id, p.body as answers from messages m join messages p on p.id = m.reply_to;
select c.slug, count(m.id) from channels c left join messages m on m.channel_id = c.id group by 1;
select id from messages_2026_02;
select message_id, user_id, emoji from reactions;
select channel_id, payload, seen from notifications;
select my_channels();
select slug, can_moderate(id) from channels;
insert into messages (id, channel_id, body, sent_at)
select '00000000-0000-4000-8000-000000000001', id, 'Hello', '2027-01-01' from channels where slug = 'channel-4'
returning id, author_id, body, channel_id;
insert into channel_members (channel_id, user_id)
select id, auth.uid() from channels where slug in ('channel-4', 'channel-5', 'channel-7')
on conflict do nothing returning channel_id, user_id;
update channel_members set last_read_at = '2026-06-01' where true returning channel_id, user_id, last_read_at;
update messages set body = 'edited' where sent_at < '2026-01-20' returning id, author_id, body;
