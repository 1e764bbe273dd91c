-- Storage-heavy: documents whose files are in Storage. A foreign key refers to storage.objects, a view joins it, a
-- trigger on it adds the document of an upload, and policies of both schemas call storage.foldername(). Folders are a
-- tree. The rows of storage.objects, and the files, do not move with the tables.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('documents', 'documents', false, 5242880, '{application/pdf,image/png}'),
  ('covers', 'covers', true, null, null);

create table public.folders (
  id       uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  parent   uuid references public.folders (id) on delete cascade,
  name     text not null check (name <> '' and name !~ '/'),
  constraint not_its_own_parent check (parent <> id),
  constraint folders_parent_name_key unique nulls not distinct (owner_id, parent, name)
);

create table public.documents (
  id         uuid primary key default gen_random_uuid(),
  owner_id   uuid not null default auth.uid() references auth.users (id) on delete cascade,
  folder     uuid references public.folders (id) on delete set null,
  object_id  uuid unique references storage.objects (id) on delete set null,
  path       text not null unique,
  title      text not null,
  extension  text generated always as (lower(substring(path from '[^.]*$'))) stored,
  pages      int4range,
  is_public  boolean not null default false,
  created_at timestamptz not null default now()
);
comment on column public.documents.path is 'OWNER/FOLDER/FILE in the bucket documents';

create table public.document_shares (
  document_id uuid not null references public.documents (id) on delete cascade,
  user_id     uuid not null references auth.users (id) on delete cascade,
  can_edit    boolean not null default false,
  shared_by   uuid references auth.users (id) on delete set null,
  primary key (document_id, user_id)
);

create table public.document_versions (
  document_id uuid not null references public.documents (id) on delete cascade,
  version     integer not null,
  sha256      bytea not null check (length(sha256) = 32),
  size_bytes  bigint not null,
  uploaded_by uuid references auth.users (id) on delete set null,
  primary key (document_id, version)
);

insert into public.folders (id, owner_id, parent, name)
select md5('folder ' || p || ' ' || n)::uuid, pg_temp.person(p),
  case when n > 1 then md5('folder ' || p || ' ' || n / 2)::uuid end, 'folder ' || n
from generate_series(0, 7) p, generate_series(1, 5) n;

insert into storage.objects (id, bucket_id, name, owner, owner_id, metadata)
select md5('object ' || p || ' ' || n)::uuid, 'documents',
  pg_temp.person(p) || '/f' || n % 3 || '/file ' || n || '.PDF', pg_temp.person(p), pg_temp.person(p),
  jsonb_build_object('size', 1000 * n, 'mimetype', 'application/pdf')
from generate_series(0, 7) p, generate_series(1, 6) n;

insert into public.documents (id, owner_id, folder, object_id, path, title, pages, is_public, created_at)
select md5('document ' || o.id)::uuid, o.owner,
  md5('folder ' || (right(o.owner_id, 1)::int - 1) || ' ' || 1 + n.i % 5)::uuid,
  case when n.i % 7 > 0 then o.id end, o.name, 'Document ' || n.i, int4range(1, 2 + n.i % 9), n.i % 6 = 0,
  timestamptz '2026-03-01 00:00:00+00' + n.i * interval '1 hour'
from storage.objects o
join (select id, (row_number() over (order by name))::int as i from storage.objects) n using (id);

insert into public.document_shares (document_id, user_id, can_edit, shared_by)
select d.id, pg_temp.person(p), p % 2 = 0, d.owner_id
from public.documents d, generate_series(0, 7) p
where pg_temp.person(p) <> d.owner_id and (length(d.path) + p + extract(hour from d.created_at)::int) % 5 = 0;

insert into public.document_versions (document_id, version, sha256, size_bytes, uploaded_by)
select d.id, v, sha256(convert_to(d.path || v, 'UTF8')), 1::bigint << (30 + v), d.owner_id
from public.documents d, generate_series(1, 2) v;

create function public.shared_with_me(document uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.document_shares where document_id = document and user_id = (select auth.uid())
  )
$$;

create function public.add_document() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if new.bucket_id = 'documents' then
    insert into public.documents (owner_id, object_id, path, title)
    values (new.owner, new.id, new.name, storage.filename(new.name));
  end if;
  return new;
end;
$$;
create trigger on_upload after insert on storage.objects
  for each row execute function public.add_document();

create view public.document_files with (security_invoker = true) as
select d.id, d.title, o.metadata ->> 'mimetype' as type, (o.metadata ->> 'size')::bigint as size_bytes
from public.documents d
join storage.objects o on o.id = d.object_id;

-- With the rights of its owner: the number of documents, for all.
create view public.document_counts as
select extension, count(*) as documents, count(*) filter (where is_public) as open
from public.documents
group by extension;

alter table public.folders enable row level security;
create policy "own folders" on public.folders to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));

alter table public.documents enable row level security;
create policy "documents in one's own folder of the bucket" on public.documents to authenticated
  using ((storage.foldername(path))[1] = (select auth.uid())::text)
  with check ((storage.foldername(path))[1] = (select auth.uid())::text);
create policy "public documents" on public.documents for select using (is_public);
create policy "shared documents" on public.documents for select to authenticated using (public.shared_with_me(id));

alter table public.document_shares enable row level security;
create policy "shares of own documents and with me" on public.document_shares for select to authenticated
  using (user_id = auth.uid() or shared_by = auth.uid());
create policy "owners share" on public.document_shares for insert to authenticated with check (
  exists (select from public.documents d where d.id = document_id and d.owner_id = auth.uid())
);

alter table public.document_versions enable row level security;
create policy "versions of visible documents" on public.document_versions for select
  using (exists (select from public.documents d where d.id = document_id));

create policy "own files" on storage.objects to authenticated
  using (bucket_id = 'documents' and (storage.foldername(name))[1] = auth.uid()::text)
  with check (bucket_id = 'documents' and (storage.foldername(name))[1] = auth.uid()::text);
create policy "shared files" on storage.objects for select to authenticated using (
  bucket_id = 'documents' and exists (
    select from public.documents d
    where d.object_id = objects.id and public.shared_with_me(d.id))
);
create policy "covers" on storage.objects for select using (bucket_id = 'covers' and storage.extension(name) = 'png');
