grant select, insert, update, delete on public.authtoken_token to web;
