-- A project with the tables that occur in Supabase projects: a table of members with the ids of users, rows that
-- belong to members, columns that hold ids of users without a foreign key, partitions, inheritance, names with capitals.
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;

INSERT INTO auth.users (id, instance_id, email, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, '00000000-0000-0000-0000-000000000000',
  'person' || n || '@example.com', '{}', '{}', now(), now()
FROM generate_series(1, 3) n;

CREATE TABLE public.members (
  id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
  nickname text
);
INSERT INTO public.members SELECT id, 'member' FROM auth.users;

CREATE TABLE public.posts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  author uuid NOT NULL REFERENCES public.members,
  editor uuid,
  category uuid,
  readers uuid[],
  tags uuid[] NOT NULL DEFAULT '{ffffffff-0000-4000-8000-000000000000}'
);
INSERT INTO public.posts (author, editor, category, readers)
SELECT id, id, 'ffffffff-0000-4000-8000-000000000000',
  CASE WHEN id::text LIKE '%2' THEN ARRAY[NULL, 'ffffffff-0000-4000-8000-000000000002', id] ELSE '{}' END
FROM auth.users
ORDER BY id
LIMIT 2;

CREATE TABLE public.comments (
  id serial PRIMARY KEY,
  post bigint REFERENCES public.posts,
  parent integer REFERENCES public.comments
);
INSERT INTO public.comments (post) SELECT min(id) FROM public.posts;

CREATE TABLE public.account (name text);
CREATE TABLE public.user_profiles (owner uuid PRIMARY KEY REFERENCES auth.users);

CREATE SCHEMA shop;
CREATE TABLE shop.events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE shop.events_2025 PARTITION OF shop.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE shop.events_2026 PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO shop.events VALUES ('2025-05-01', 'a'), ('2026-05-01', 'b');

CREATE TABLE shop."Order Items" (id uuid PRIMARY KEY, "Buyer" uuid);
INSERT INTO shop."Order Items" SELECT 'ffffffff-0000-4000-8000-000000000001', id FROM auth.users LIMIT 1;
CREATE TABLE shop.base (note text);
CREATE TABLE shop.derived (more text) INHERITS (shop.base);
INSERT INTO shop.derived VALUES ('x', 'y');

ALTER TABLE public.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own row" ON public.members USING (auth.uid() = id);
CREATE POLICY everyone ON public.members FOR SELECT USING (true);
ALTER TABLE public.posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own posts" ON public.posts USING (author = (SELECT auth.uid()));

CREATE VIEW public.emails AS SELECT id, email FROM auth.users;
CREATE FUNCTION public.who() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN RETURN auth.uid(); END $$;
CREATE FUNCTION public.sessions() RETURNS bigint LANGUAGE plpgsql
AS $$ BEGIN RETURN (SELECT count(*) FROM "auth"."sessions" WHERE user_id = AUTH.uid()); END $$;
CREATE FUNCTION public.author_of(p bigint) RETURNS uuid LANGUAGE sql AS 'SELECT author FROM public.posts WHERE id = p';

CREATE FUNCTION public.new_member() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF EXISTS (SELECT FROM auth.users WHERE id = NEW.id) THEN
    INSERT INTO public.members (id) VALUES (NEW.id);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION public.new_member();
CREATE TRIGGER check_member BEFORE INSERT ON public.members FOR EACH ROW EXECUTE FUNCTION public.new_member();
