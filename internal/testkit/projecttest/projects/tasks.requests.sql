select id, key, name, viewers from boards;
select board_id, name, color from labels;
select board_id, number, seq, title, label, state, assignees, watchers, estimate from tasks;
select board_id, number from tasks where auth.uid() = any (assignees);
select t.title, n.title as next from tasks t join tasks n on n.board_id = t.board_id and n.number = t.next_task;
select id, board_id, number, during, billable from time_entries;
select b.key, sum(upper(e.during) - lower(e.during)) from boards b join time_entries e on e.board_id = b.id group by 1;
select room_number, during from bookings where booked_by = auth.uid() or booked_by is null;
select at, verb, ids from events;
insert into tasks (board_id, number, title, place) select id, 100, 'New', 100 from boards where owner_id = auth.uid()
returning board_id, number, created_by, state;
insert into time_entries (user_id, board_id, number, during)
select user_id, board_id, number, during from time_entries where user_id = auth.uid() order by id limit 1
returning during;
update tasks set place = 7 - place where state = 'todo' returning board_id, number, place;
update tasks set assignees = array_remove(assignees, auth.uid()) where true returning board_id, number, assignees;
