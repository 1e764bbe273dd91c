-- The triggers that write events into user_event. The command `xenon schema up --events on` runs this file, and
-- `--events off` drops the triggers. They do not fire in a session or transaction with xenon.events = 'off', such as
-- those of an import. The conditions name no column, because Postgres does not change the type of a column that the
-- condition of a trigger names. A session that is refreshed writes no event, so its table has no trigger for updates.
--
-- Postgres locks the three tables against writes until the transaction ends.

CREATE OR REPLACE TRIGGER user_event AFTER INSERT OR UPDATE OR DELETE ON "user" FOR EACH ROW
  WHEN (current_setting('xenon.events', true) IS DISTINCT FROM 'off')
  EXECUTE FUNCTION user_event_of_user();

CREATE OR REPLACE TRIGGER user_event AFTER INSERT OR DELETE ON session FOR EACH ROW
  WHEN (current_setting('xenon.events', true) IS DISTINCT FROM 'off')
  EXECUTE FUNCTION user_event_of_session();

CREATE OR REPLACE TRIGGER user_event AFTER INSERT OR UPDATE OR DELETE ON account FOR EACH ROW
  WHEN (current_setting('xenon.events', true) IS DISTINCT FROM 'off')
  EXECUTE FUNCTION user_event_of_account();
