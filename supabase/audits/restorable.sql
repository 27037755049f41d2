-- Restorable: how many sessions have an expired access token and will be restored by their refresh token?
select count(*) from sessions
where is_valid = true and access_token_expires_at < now() and refresh_token_expires_at > now();
