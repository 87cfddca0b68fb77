-- A foreign key finds its row whoever that belongs to. These see that it is the same user's, for every role, and refuse
-- what is not as the foreign key refuses what is not there: nobody learns which ids others have. Why triggers, and not
-- foreign keys of two columns: docs/decisions.md, "References stay with their user".
--
-- What is referred to is locked as the foreign key locks it, so that it stays; its user never changes (below). What a
-- statement leaves as it was is not looked at: a row that crossed before can still be edited and deleted.
CREATE OR REPLACE FUNCTION "public"."refuse_reference"(referring text, foreign_key text, referenced text) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
		MESSAGE = format('insert or update on table "%s" violates foreign key constraint "%s"', referring, foreign_key),
		DETAIL = format('Key is not present in table "%s".', referenced),
		SCHEMA = 'public', TABLE = referring, CONSTRAINT = foreign_key;
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."refuse_reference"(text, text, text) FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "public"."require_own_references_of_transactions"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
	IF TG_OP = 'INSERT' OR OLD.user_id <> NEW.user_id OR OLD.account_id <> NEW.account_id THEN
		PERFORM FROM public.accounts WHERE id = NEW.account_id AND user_id = NEW.user_id FOR KEY SHARE;
		IF NOT FOUND THEN
			PERFORM public.refuse_reference('transactions', 'fk_transactions_account', 'accounts');
		END IF;
	END IF;
	IF TG_OP = 'INSERT' OR OLD.user_id <> NEW.user_id OR OLD.category_id <> NEW.category_id THEN
		PERFORM FROM public.categories WHERE id = NEW.category_id AND user_id = NEW.user_id FOR KEY SHARE;
		IF NOT FOUND THEN
			PERFORM public.refuse_reference('transactions', 'fk_transactions_category', 'categories');
		END IF;
	END IF;
	IF NEW.group_id IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.user_id <> NEW.user_id OR OLD.group_id IS DISTINCT FROM NEW.group_id) THEN
		PERFORM FROM public.transaction_groups WHERE id = NEW.group_id AND user_id = NEW.user_id FOR KEY SHARE;
		IF NOT FOUND THEN
			PERFORM public.refuse_reference('transactions', 'fk_transactions_group', 'transaction_groups');
		END IF;
	END IF;
	RETURN NULL;
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."require_own_references_of_transactions"() FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "public"."require_own_references_of_category_budgets"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
	IF TG_OP = 'INSERT' OR OLD.user_id <> NEW.user_id OR OLD.category_id <> NEW.category_id THEN
		PERFORM FROM public.categories WHERE id = NEW.category_id AND user_id = NEW.user_id FOR KEY SHARE;
		IF NOT FOUND THEN
			PERFORM public.refuse_reference('category_budgets', 'fk_category_budgets_category', 'categories');
		END IF;
	END IF;
	RETURN NULL;
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."require_own_references_of_category_budgets"() FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "public"."require_own_references_of_partnership_clients"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
	IF TG_OP = 'INSERT' OR OLD.user_id <> NEW.user_id OR OLD.partner_id <> NEW.partner_id THEN
		PERFORM FROM public.partners_v2 WHERE id = NEW.partner_id AND user_id = NEW.user_id FOR KEY SHARE;
		IF NOT FOUND THEN
			PERFORM public.refuse_reference('partnership_clients', 'partnership_clients_partner_id_fkey', 'partners_v2');
		END IF;
	END IF;
	RETURN NULL;
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."require_own_references_of_partnership_clients"() FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "public"."require_own_references_of_investments"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
	-- By its name: the older shape of the table does not have the column.
	account uuid := to_jsonb(NEW) ->> 'account_id';
BEGIN
	IF account IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.user_id <> NEW.user_id OR to_jsonb(OLD) ->> 'account_id' IS DISTINCT FROM account::text) THEN
		PERFORM FROM public.accounts WHERE id = account AND user_id = NEW.user_id FOR KEY SHARE;
		IF NOT FOUND THEN
			PERFORM public.refuse_reference('investments', 'fk_investments_account', 'accounts');
		END IF;
	END IF;
	RETURN NULL;
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."require_own_references_of_investments"() FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
-- What others refer to keeps its user. To look for rows that refer to it instead would miss those being written just then.
CREATE OR REPLACE FUNCTION "public"."refuse_another_user"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
		MESSAGE = format('a row of table "%s" keeps its user, since rows of the same user refer to it', TG_TABLE_NAME),
		HINT = 'Insert a row for the other user, and let what is to move refer to that.',
		SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'user_id';
END;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."refuse_another_user"() FROM PUBLIC, anon, authenticated, service_role;--> statement-breakpoint
CREATE OR REPLACE TRIGGER "accounts_keep_user" AFTER UPDATE OF "user_id" ON "public"."accounts" FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id) EXECUTE FUNCTION "public"."refuse_another_user"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "categories_keep_user" AFTER UPDATE OF "user_id" ON "public"."categories" FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id) EXECUTE FUNCTION "public"."refuse_another_user"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "transaction_groups_keep_user" AFTER UPDATE OF "user_id" ON "public"."transaction_groups" FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id) EXECUTE FUNCTION "public"."refuse_another_user"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "partners_v2_keep_user" AFTER UPDATE OF "user_id" ON "public"."partners_v2" FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id) EXECUTE FUNCTION "public"."refuse_another_user"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "transactions_own_references" AFTER INSERT OR UPDATE OF "user_id", "account_id", "category_id", "group_id" ON "public"."transactions" FOR EACH ROW EXECUTE FUNCTION "public"."require_own_references_of_transactions"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "category_budgets_own_references" AFTER INSERT OR UPDATE OF "user_id", "category_id" ON "public"."category_budgets" FOR EACH ROW EXECUTE FUNCTION "public"."require_own_references_of_category_budgets"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "partnership_clients_own_references" AFTER INSERT OR UPDATE OF "user_id", "partner_id" ON "public"."partnership_clients" FOR EACH ROW EXECUTE FUNCTION "public"."require_own_references_of_partnership_clients"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "investments_own_references" AFTER INSERT OR UPDATE ON "public"."investments" FOR EACH ROW EXECUTE FUNCTION "public"."require_own_references_of_investments"();
