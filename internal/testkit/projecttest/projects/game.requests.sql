select * from api.players;
select user_id, nick, level, xp from app.players order by xp desc;
select user_id, email from app.players;
select id, started_at, mode, points, won from api.my_matches order by started_at;
select * from api.leaderboard;
select code, title from api.achievements;
select title, earned_at from api.own_achievements;
select nick, gold from api.guild_mates();
select api.whoami();
select count(*), min(started_at), max(winner::text) from app.matches;
select match_id, points, accuracy from app.scores where points > 2000;
update api.players set nick = 'renamed' where true returning id, nick;
update app.players set level = 99 where user_id = auth.uid() returning user_id;
insert into app.scores (match_id, user_id, points)
values (md5('match 3')::uuid, auth.uid(), 1) returning user_id, points;
