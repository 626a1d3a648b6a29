//! Every rule, by the order of the ids. A lint is a page, a file in `rules/` and two lines here.

use super::rule::{LintId, Rule};

mod access_exclusive_on_many_tables;
mod add_check_scans_table;
mod add_column_rewrites_table;
mod add_exclusion_builds_index;
mod add_fk_scans_table;
mod add_primary_key_builds_index;
mod add_required_column;
mod add_unique_builds_index;
mod allow_without_reason;
mod alter_domain_scans_tables;
mod attach_partition_scans;
mod backfill_cannot_be_cut;
mod backfill_never_done;
mod backfill_not_idempotent;
mod backfill_outside_backfill_phase;
mod change_collation;
mod change_column_type;
mod change_default;
mod change_type_has_dependents;
mod change_type_rebuilds_index;
mod change_type_rechecks_constraint;
mod change_type_rewrites_table;
mod check_breaks_old_writers;
mod client_meta_command;
mod column_order_change;
mod column_order_padding;
mod comment_required;
mod concurrent_refresh_needs_unique_index;
mod concurrently_if_not_exists;
mod concurrently_in_transaction;
mod concurrently_on_partitioned;
mod concurrently_under_statement_timeout;
mod concurrently_unnamed;
mod create_if_not_exists_hides_drift;
mod create_index_blocks_writes;
mod create_partition_locks_parent;
mod create_trigger_blocks_writes;
mod ddl_in_backfill_phase;
mod default_dropped_after_add;
mod detach_partition_blocks;
mod disable_trigger;
mod drop_cascade;
mod drop_column;
mod drop_column_drops_index;
mod drop_database;
mod drop_default;
mod drop_domain;
mod drop_extension;
mod drop_fk_locks_both_tables;
mod drop_function;
mod drop_has_dependents;
mod drop_index_before_replacement;
mod drop_index_blocks_table;
mod drop_index_in_use;
mod drop_not_null;
mod drop_schema;
mod drop_sequence;
mod drop_table;
mod drop_table_locks_referenced;
mod drop_trigger;
mod drop_type;
mod drop_unique_breaks_upsert;
mod drop_view;
mod duplicate_index;
mod dynamic_sql_unanalysed;
mod edited_applied_file;
mod effect_not_followed;
mod enum_value_used_in_same_transaction;
mod expired_allow;
mod explicit_lock_table;
mod fk_breaks_old_writers;
mod fk_locks_referenced_table;
mod fk_type_mismatch;
mod fk_without_index;
mod hash_index;
mod identifier_truncated;
mod identity_change_breaks_writers;
mod idle_in_transaction_timeout;
mod insert_without_columns;
mod json_column;
mod lock_timeout_disabled;
mod metadata_lock_timeout;
mod move_schema;
mod multiple_alter_table;
mod mysql_checks_disabled;
mod mysql_copy_algorithm;
mod mysql_explicit_copy;
mod mysql_explicit_lock;
mod mysql_implicit_commit;
mod mysql_inline_references_ignored;
mod mysql_instant_limit;
mod mysql_lock_shared;
mod mysql_modify_drops_attributes;
mod mysql_rebuild;
mod naming_pattern;
mod narrow_type_breaks_old_writers;
mod no_char;
mod no_domain_constraint;
mod no_enum;
mod no_money;
mod non_transactional_in_transaction;
mod not_null_breaks_old_writers;
mod out_of_order_file;
mod parse_error;
mod partitioned_index_blocks;
mod prefer_bigint;
mod prefer_identity;
mod prefer_jsonb;
mod prefer_text;
mod prefer_timestamptz;
mod primary_key_index_nullable_column;
mod reduces_access;
mod refresh_matview_blocks_reads;
mod reindex_blocks_table;
mod remove_enum_value;
mod rename_column;
mod rename_enum_value;
mod rename_object;
mod rename_table;
mod replace_behaviour;
mod replace_deletes_rows;
mod replace_view_incompatible;
mod replay_mismatch;
mod reserved_word_name;
mod rewrite_command;
mod sequence_restart;
mod session_setting_leaks;
mod set_not_null_scans_table;
mod slow_statement_under_lock;
mod sqlite_add_column_invalid;
mod sqlite_drop_column_dependents;
mod sqlite_long_write_lock;
mod sqlite_pragma_in_transaction;
mod sqlite_rebuild_cascades_delete;
mod sqlite_rebuild_dependents;
mod sqlite_rebuild_rename_first;
mod sqlite_unsupported_alter;
mod sqlite_version;
mod sqlite_writable_schema;
mod sync_new_column_default;
mod sync_new_column_not_null;
mod sync_old_column_required;
mod table_without_primary_key;
mod template_placeholder;
mod too_complex;
mod transaction_control;
mod truncate;
mod truncate_cascade;
mod unbounded_dml;
mod unique_breaks_old_writers;
mod unknown_directive;
mod unknown_lint;
mod unnamed_index;
mod unordered_conflict;
mod unqualified_name;
mod unreadable_statement;
mod unused_allow;
mod updates_without_replica_identity;
mod validate_in_same_transaction;
mod varchar_limit_required;
mod wide_index;
mod wide_table;
mod wildcard_result_shape;

/// Every rule, sorted by id.
pub static ALL: &[&Rule] = &[
    &access_exclusive_on_many_tables::RULE,
    &add_check_scans_table::RULE,
    &add_column_rewrites_table::RULE,
    &add_exclusion_builds_index::RULE,
    &add_fk_scans_table::RULE,
    &add_primary_key_builds_index::RULE,
    &add_required_column::RULE,
    &add_unique_builds_index::RULE,
    &allow_without_reason::RULE,
    &alter_domain_scans_tables::RULE,
    &attach_partition_scans::RULE,
    &backfill_cannot_be_cut::RULE,
    &backfill_never_done::RULE,
    &backfill_not_idempotent::RULE,
    &backfill_outside_backfill_phase::RULE,
    &change_collation::RULE,
    &change_column_type::RULE,
    &change_default::RULE,
    &change_type_has_dependents::RULE,
    &change_type_rebuilds_index::RULE,
    &change_type_rechecks_constraint::RULE,
    &change_type_rewrites_table::RULE,
    &check_breaks_old_writers::RULE,
    &client_meta_command::RULE,
    &column_order_change::RULE,
    &column_order_padding::RULE,
    &comment_required::RULE,
    &concurrent_refresh_needs_unique_index::RULE,
    &concurrently_if_not_exists::RULE,
    &concurrently_in_transaction::RULE,
    &concurrently_on_partitioned::RULE,
    &concurrently_under_statement_timeout::RULE,
    &concurrently_unnamed::RULE,
    &create_if_not_exists_hides_drift::RULE,
    &create_index_blocks_writes::RULE,
    &create_partition_locks_parent::RULE,
    &create_trigger_blocks_writes::RULE,
    &ddl_in_backfill_phase::RULE,
    &default_dropped_after_add::RULE,
    &detach_partition_blocks::RULE,
    &disable_trigger::RULE,
    &drop_cascade::RULE,
    &drop_column::RULE,
    &drop_column_drops_index::RULE,
    &drop_database::RULE,
    &drop_default::RULE,
    &drop_domain::RULE,
    &drop_extension::RULE,
    &drop_fk_locks_both_tables::RULE,
    &drop_function::RULE,
    &drop_has_dependents::RULE,
    &drop_index_before_replacement::RULE,
    &drop_index_blocks_table::RULE,
    &drop_index_in_use::RULE,
    &drop_not_null::RULE,
    &drop_schema::RULE,
    &drop_sequence::RULE,
    &drop_table::RULE,
    &drop_table_locks_referenced::RULE,
    &drop_trigger::RULE,
    &drop_type::RULE,
    &drop_unique_breaks_upsert::RULE,
    &drop_view::RULE,
    &duplicate_index::RULE,
    &dynamic_sql_unanalysed::RULE,
    &edited_applied_file::RULE,
    &effect_not_followed::RULE,
    &enum_value_used_in_same_transaction::RULE,
    &expired_allow::RULE,
    &explicit_lock_table::RULE,
    &fk_breaks_old_writers::RULE,
    &fk_locks_referenced_table::RULE,
    &fk_type_mismatch::RULE,
    &fk_without_index::RULE,
    &hash_index::RULE,
    &identifier_truncated::RULE,
    &identity_change_breaks_writers::RULE,
    &idle_in_transaction_timeout::RULE,
    &insert_without_columns::RULE,
    &json_column::RULE,
    &lock_timeout_disabled::RULE,
    &metadata_lock_timeout::RULE,
    &move_schema::RULE,
    &multiple_alter_table::RULE,
    &mysql_checks_disabled::RULE,
    &mysql_copy_algorithm::RULE,
    &mysql_explicit_copy::RULE,
    &mysql_explicit_lock::RULE,
    &mysql_implicit_commit::RULE,
    &mysql_inline_references_ignored::RULE,
    &mysql_instant_limit::RULE,
    &mysql_lock_shared::RULE,
    &mysql_modify_drops_attributes::RULE,
    &mysql_rebuild::RULE,
    &naming_pattern::RULE,
    &narrow_type_breaks_old_writers::RULE,
    &no_char::RULE,
    &no_domain_constraint::RULE,
    &no_enum::RULE,
    &no_money::RULE,
    &non_transactional_in_transaction::RULE,
    &not_null_breaks_old_writers::RULE,
    &out_of_order_file::RULE,
    &parse_error::RULE,
    &partitioned_index_blocks::RULE,
    &prefer_bigint::RULE,
    &prefer_identity::RULE,
    &prefer_jsonb::RULE,
    &prefer_text::RULE,
    &prefer_timestamptz::RULE,
    &primary_key_index_nullable_column::RULE,
    &reduces_access::RULE,
    &refresh_matview_blocks_reads::RULE,
    &reindex_blocks_table::RULE,
    &remove_enum_value::RULE,
    &rename_column::RULE,
    &rename_enum_value::RULE,
    &rename_object::RULE,
    &rename_table::RULE,
    &replace_behaviour::RULE,
    &replace_deletes_rows::RULE,
    &replace_view_incompatible::RULE,
    &replay_mismatch::RULE,
    &reserved_word_name::RULE,
    &rewrite_command::RULE,
    &sequence_restart::RULE,
    &session_setting_leaks::RULE,
    &set_not_null_scans_table::RULE,
    &slow_statement_under_lock::RULE,
    &sqlite_add_column_invalid::RULE,
    &sqlite_drop_column_dependents::RULE,
    &sqlite_long_write_lock::RULE,
    &sqlite_pragma_in_transaction::RULE,
    &sqlite_rebuild_cascades_delete::RULE,
    &sqlite_rebuild_dependents::RULE,
    &sqlite_rebuild_rename_first::RULE,
    &sqlite_unsupported_alter::RULE,
    &sqlite_version::RULE,
    &sqlite_writable_schema::RULE,
    &sync_new_column_default::RULE,
    &sync_new_column_not_null::RULE,
    &sync_old_column_required::RULE,
    &table_without_primary_key::RULE,
    &template_placeholder::RULE,
    &too_complex::RULE,
    &transaction_control::RULE,
    &truncate::RULE,
    &truncate_cascade::RULE,
    &unbounded_dml::RULE,
    &unique_breaks_old_writers::RULE,
    &unknown_directive::RULE,
    &unknown_lint::RULE,
    &unnamed_index::RULE,
    &unordered_conflict::RULE,
    &unqualified_name::RULE,
    &unreadable_statement::RULE,
    &unused_allow::RULE,
    &updates_without_replica_identity::RULE,
    &validate_in_same_transaction::RULE,
    &varchar_limit_required::RULE,
    &wide_index::RULE,
    &wide_table::RULE,
    &wildcard_result_shape::RULE,
];

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    ALL.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok().map(|number| ALL[number])
}

/// The place of a rule in the list.
pub(super) fn number(id: LintId) -> Option<usize> {
    ALL.binary_search_by(|rule| rule.id.as_str().cmp(id.as_str())).ok()
}

/// The id that was probably meant.
pub fn similar(id: &str) -> Option<LintId> {
    let nearest = ALL.iter().map(|rule| (strsim::damerau_levenshtein(id, rule.id.as_str()), rule.id)).min()?;
    (nearest.0 <= id.len() / 3 + 1).then_some(nearest.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_yield_only_to_rules() {
        assert!(ALL.is_sorted_by_key(|rule| rule.id));
        for rule in ALL {
            for id in rule.yields_to {
                assert!(super::rule(id).is_some(), "{} yields to {id}, which is no lint", rule.id);
            }
        }
    }
}
