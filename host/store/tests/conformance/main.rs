//! What every engine under the store has to pass. The cases are functions of a [`Store`]; the engines are listed here.

#![allow(clippy::unwrap_used, reason = "a failure to unwrap is a failure of the test")]

mod collections;
mod durability;
mod isolation;
mod lists;
mod packed;
mod reading;

use mooring_store::{Key, KeyBuilder, KeySpace, Options, Store, Transaction};

/// Declares one test per case and engine.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $case() { crate::$module::$case(&mooring_store::Store::in_memory()); })*
        }
        mod sled {
            $(#[test] fn $case() { crate::on_sled(crate::$module::$case); })*
        }
    };
}

cases! {
    reading::a_transaction_reads_its_own_writes,
    reading::scans_merge_own_writes_in_both_orders,
    reading::scans_cross_the_edge_of_what_is_in_memory,
    reading::a_scan_stops_at_its_limit,
    reading::values_of_every_size_come_back,
    reading::what_is_too_large_is_refused,
    reading::the_rows_of_the_store_cannot_be_written,
    reading::a_read_transaction_refuses_writes,
    isolation::a_snapshot_does_not_move,
    isolation::what_was_read_stays_whether_or_not_it_is_kept,
    isolation::a_dropped_transaction_leaves_nothing,
    isolation::a_lost_update_is_refused,
    isolation::write_skew_is_refused,
    isolation::a_phantom_is_refused,
    isolation::what_a_limited_scan_did_not_reach_does_not_conflict,
    isolation::blind_writes_do_not_conflict,
    isolation::additions_do_not_conflict,
    isolation::a_counter_that_was_read_conflicts,
    isolation::additions_mix_with_other_writes,
    isolation::a_counter_that_overflows_is_refused,
    isolation::at_commit_sees_the_newest_state_and_never_conflicts,
    isolation::a_failing_at_commit_leaves_nothing,
    isolation::a_doomed_transaction_knows_it,
    isolation::racing_transfers_keep_the_sum,
    durability::a_reader_sees_only_what_is_durable,
    durability::commits_are_durable_in_order,
    durability::a_task_can_wait,
    durability::old_versions_are_forgotten,
    durability::an_empty_commit_gives_the_snapshot,
    durability::a_closed_store_refuses_commits,
    durability::ordinals_are_unique_across_threads,
    packed::values_agree_with_a_plain_map,
    packed::setting_does_not_conflict_and_reading_does,
    packed::slots_mix_with_other_writes,
    packed::what_is_no_packed_row_is_refused,
    lists::pages_agree_with_a_plain_list,
    lists::a_deep_page_touches_as_few_rows_as_the_first,
    lists::lists_grow_and_shrink_like_plain_ones,
    lists::a_short_list_is_one_row,
    lists::additions_to_one_list_do_not_conflict,
    lists::what_settling_takes_is_refused_to_nobody,
    lists::what_cannot_be_settled_is_not_committed,
    lists::lists_change_in_the_serial_section_too,
    lists::lists_of_format_2_go_on,
    collections::a_document_is_found_by_every_index,
    collections::a_taken_value_is_refused,
    collections::two_inserts_of_one_value_conflict,
    collections::replacing_moves_index_entries,
    collections::removing_leaves_nothing,
    collections::pages_carry_exact_totals,
    collections::a_damaged_document_names_its_row,
}

fn on_sled(case: fn(&Store)) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(dir.path(), Options::default()).expect("an empty directory opens");
    case(&store);
    store.close().expect("the disk works");
}

/// A key for tests.
fn key(name: &str) -> Key {
    KeyBuilder::new(9).string(name).build()
}

/// Commits what `work` does, and waits until it is durable.
fn commit<T>(store: &Store, work: impl FnOnce(&mut Transaction) -> T) -> T {
    let mut transaction = store.write();
    let result = work(&mut transaction);
    let sequence = transaction.commit().expect("nobody else writes");
    store.wait_durable(sequence).expect("the disk works");
    result
}

fn put(store: &Store, name: &str, value: &str) {
    commit(store, |transaction| transaction.put(key(name), value.into())).expect("a small write");
}

/// The text under a name, as this transaction sees it.
fn text(space: &mut dyn KeySpace, name: &str) -> Option<String> {
    let value = space.get(&key(name)).expect("a readable row")?;
    Some(String::from_utf8(value.to_vec()).expect("the tests write text"))
}
