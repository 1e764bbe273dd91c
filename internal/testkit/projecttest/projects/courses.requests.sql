select id, title, slug, level, levels_for, published from courses order by title;
select course_id, position, title, duration_minutes from lessons;
select course_id, status, enrolled_at from enrollments where user_id = auth.uid();
select user_id, course_id, status from enrollments;
select lesson_id, seconds, is_completed, completed_at from lesson_progress;
select lesson_id, questions from quizzes;
select quiz_id, points, percent, answers from quiz_attempts order by taken_at limit 20;
select c.title, count(p.lesson_id) from courses c join lesson_progress p on p.course_id = c.id group by c.id, c.title;
select o.title, o.minutes, is_enrolled(o.id) as enrolled from course_overview o;
select r.rank, r.title, r.participants, e.status from course_ranking r left join enrollments e on e.course_id = r.id;
select claim_role(), count(*) from courses;
insert into enrollments (user_id, course_id) select auth.uid(), id from course_overview order by title desc limit 2
on conflict do nothing returning user_id, course_id, status;
update lesson_progress set completed_at = '2026-06-01 00:00:00+00' where completed_at is null
returning lesson_id, is_completed;
