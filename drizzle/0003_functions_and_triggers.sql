-- Every function: a fixed search_path, and executable only by whom it is for.
ALTER FUNCTION "public"."update_updated_at_column"() SET search_path = '';--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."update_updated_at_column"() FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
CREATE OR REPLACE TRIGGER "update_sent_atas_updated_at" BEFORE UPDATE ON "public"."sent_atas" FOR EACH ROW EXECUTE FUNCTION "public"."update_updated_at_column"();--> statement-breakpoint
-- Today where the business is. A server in UTC turns the day at 21:00 in São Paulo.
CREATE OR REPLACE FUNCTION "public"."business_date"() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE SET search_path = '' AS $$
SELECT (now() AT TIME ZONE coalesce(nullif(current_setting('spfp.time_zone', true), ''), 'America/Sao_Paulo'))::date
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."business_date"() FROM PUBLIC, anon;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "public"."business_date"() TO authenticated, service_role;--> statement-breakpoint
-- One row per change, in the transaction of the change. SECURITY DEFINER, because nobody else may write the trail.
-- A setting is recorded as "name=value" on both sides; created and deleted carry all settings as JSON.
CREATE OR REPLACE FUNCTION "public"."record_automation_permission_change"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
	-- Inside SECURITY DEFINER current_user is the owner; the setting "role" still says who the caller had become.
	actor text := coalesce(auth.uid()::text, nullif(current_setting('role', true), 'none'), session_user);
	before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
	after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
	INSERT INTO public.automation_permissions_audit (user_id, changed_at, changed_by, change_type, previous_value, new_value)
	SELECT side.user_id, clock_timestamp(), actor, change.change_type, change.previous_value, change.new_value
	FROM (
		-- A row that moves to another user was deleted for one and created for the other.
		SELECT (before ->> 'user_id')::uuid AS user_id, before AS old, NULL::jsonb AS new
		WHERE before ->> 'user_id' IS DISTINCT FROM after ->> 'user_id' AND before IS NOT NULL
		UNION ALL
		SELECT (after ->> 'user_id')::uuid, NULL, after
		WHERE before ->> 'user_id' IS DISTINCT FROM after ->> 'user_id' AND after IS NOT NULL
		UNION ALL
		SELECT (after ->> 'user_id')::uuid, before, after
		WHERE before ->> 'user_id' = after ->> 'user_id'
	) side
	CROSS JOIN LATERAL (
		SELECT 'created' AS change_type, NULL AS previous_value, side.new::text AS new_value
		WHERE side.old IS NULL
		UNION ALL
		SELECT CASE WHEN (side.new -> 'enabled') = 'true' THEN 'enabled' ELSE 'disabled' END,
			side.old ->> 'enabled', side.new ->> 'enabled'
		WHERE CASE WHEN side.old IS NULL THEN side.new -> 'enabled' = 'true'
			WHEN side.new IS NULL THEN side.old -> 'enabled' = 'true'
			ELSE side.old -> 'enabled' <> side.new -> 'enabled' END
		UNION ALL
		SELECT list.kind || CASE WHEN domain.entered THEN '_added' ELSE '_removed' END,
			CASE WHEN NOT domain.entered THEN domain.name END, CASE WHEN domain.entered THEN domain.name END
		FROM (VALUES ('whitelist', 'allowed_domains'), ('blacklist', 'blocked_domains')) AS list (kind, setting)
		CROSS JOIN LATERAL (
			SELECT coalesce(nullif(side.old -> list.setting, 'null'), '[]') AS old,
				coalesce(nullif(side.new -> list.setting, 'null'), '[]') AS new
		) domains
		CROSS JOIN LATERAL (
			(SELECT jsonb_array_elements_text(domains.new), true
			EXCEPT SELECT jsonb_array_elements_text(domains.old), true)
			UNION ALL
			(SELECT jsonb_array_elements_text(domains.old), false
			EXCEPT SELECT jsonb_array_elements_text(domains.new), false)
		) AS domain (name, entered)
		WHERE domain.name IS NOT NULL
		UNION ALL
		SELECT 'setting_changed', setting.key || '=' || coalesce(side.old ->> setting.key, 'null'),
			setting.key || '=' || coalesce(setting.value #>> '{}', 'null')
		FROM jsonb_each(side.new) setting
		WHERE side.old IS NOT NULL
			AND setting.key NOT IN ('user_id', 'enabled', 'allowed_domains', 'blocked_domains', 'created_at', 'updated_at')
			AND setting.value IS DISTINCT FROM side.old -> setting.key
		UNION ALL
		SELECT 'deleted', side.old::text, NULL
		WHERE side.new IS NULL
	) change
	-- Erasing a user deletes their permissions by cascade, and their trail with them: there is nobody left to record.
	WHERE EXISTS (SELECT FROM auth.users u WHERE u.id = side.user_id);
	RETURN NULL;
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."record_automation_permission_change"() FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
CREATE OR REPLACE TRIGGER "record_automation_permission_change" AFTER INSERT OR UPDATE OR DELETE ON "public"."automation_permissions" FOR EACH ROW EXECUTE FUNCTION "public"."record_automation_permission_change"();--> statement-breakpoint
-- The old script's version, without arguments, would make a call without arguments ambiguous.
DROP FUNCTION IF EXISTS "public"."cleanup_old_automation_logs"();
--> statement-breakpoint
-- Rows deleted. In batches, so that memory and the rows locked at a time stay bounded.
CREATE OR REPLACE FUNCTION "public"."cleanup_old_automation_logs"("retention" interval DEFAULT '90 days') RETURNS bigint LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
	batch_size CONSTANT integer := 10000;
	cutoff timestamptz;
	batch bigint;
	total bigint := 0;
BEGIN
	IF retention IS NULL OR retention < interval '1 day' THEN
		RAISE EXCEPTION 'retention of % is under one day', coalesce(retention::text, 'null')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Keep automation logs for one day at least, 90 by default.';
	END IF;
	cutoff := now() - retention;
	LOOP
		-- By primary key: a cached plan for "ctid = ANY (…)" made while the table was small is quadratic later.
		DELETE FROM public.automation_logs
		WHERE id IN (SELECT id FROM public.automation_logs WHERE created_at < cutoff ORDER BY created_at LIMIT batch_size);
		GET DIAGNOSTICS batch = ROW_COUNT;
		total := total + batch;
		EXIT WHEN batch = 0;
	END LOOP;
	RETURN total;
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."cleanup_old_automation_logs"(interval) FROM PUBLIC, anon, authenticated;--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "public"."cleanup_old_automation_logs"(interval) TO service_role;--> statement-breakpoint
-- Daily at 02:00 UTC where pg_cron is; elsewhere the command line has the same job (spfp-db cleanup).
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
		PERFORM cron.schedule('spfp-cleanup-automation-logs', '0 2 * * *', 'SELECT public.cleanup_old_automation_logs()');
	END IF;
EXCEPTION WHEN insufficient_privilege THEN
	RAISE WARNING 'pg_cron is there, but this role may not schedule with it: %', SQLERRM;
END;
$$;
