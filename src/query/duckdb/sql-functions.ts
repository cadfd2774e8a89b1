/**
 * Every function of the pinned DuckDB that a SELECT can call, and whether SQL of users may call it. What no list names is refused:
 * `test/query/duckdb/sql-functions.test.ts` compares the lists with the installed DuckDB.
 */

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Functions of values: their result depends on their arguments, the time, or chance, and they change nothing. */
export const valueFunctions: ReadonlySet<string> = new Set(
  words(`
    !__postfix !~~ !~~* % & && * ** + - ->> / // <-> << <=> <@ >> @ @> ^ ^@ | || ~ ~~ ~~* ~~~
    abs acos acosh add age aggregate ago alias apply array_aggr array_aggregate array_append array_apply array_cat
    array_concat array_contains array_cosine_distance array_cosine_similarity array_cross_product array_distance
    array_distinct array_dot_product array_extract array_filter array_grade_up array_has array_has_all array_has_any
    array_indexof array_inner_product array_intersect array_length array_negative_dot_product
    array_negative_inner_product array_pop_back array_pop_front array_position array_prepend array_push_back
    array_push_front array_reduce array_resize array_reverse array_reverse_sort array_select array_slice array_sort
    array_to_json array_to_string array_to_string_comma_default array_transform array_unique array_value array_where
    array_zip ascii asin asinh atan atan2 atanh bar base64 bin bit_count bit_length bit_position bitstring
    can_cast_implicitly cardinality cast_to_type cbrt ceil ceiling century char_length character_length chr
    col_description concat concat_ws constant_or_null contains cos cosh cot current_catalog current_database
    current_date current_localtime current_localtimestamp current_query current_role current_schema current_schemas
    current_user damerau_levenshtein date_add date_diff date_part date_sub date_trunc datediff datepart datesub
    datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade decode degrees divide editdist3
    element_at encode ends_with enum_code enum_first enum_last enum_range enum_range_boundary epoch epoch_ms epoch_ns
    epoch_us equi_width_bins era error even exp factorial fdiv filter flatten floor fmod format format_bytes
    format_pg_type format_type formatreadabledecimalsize formatreadablesize from_base64 from_binary from_hex from_json
    from_json_strict gamma gcd gen_random_uuid generate_series generate_subscripts geomean geometric_mean get_bit
    get_block_size get_current_time get_current_timestamp get_type grade_up greatest greatest_common_divisor hamming
    has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
    has_function_privilege has_language_privilege has_schema_privilege has_sequence_privilege has_server_privilege
    has_table_privilege has_tablespace_privilege hash hex histogram hour icu_sort_key ilike_escape in_search_path
    inet_client_addr inet_client_port inet_server_addr inet_server_port instr is_histogram_other_bin isfinite isinf
    isnan isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json json_array json_array_length
    json_contains json_deserialize_sql json_exists json_extract json_extract_path json_extract_path_text
    json_extract_string json_group_array json_group_object json_group_structure json_keys json_merge_patch json_object
    json_pretty json_quote json_serialize_sql json_structure json_transform json_transform_strict json_type json_valid
    json_value julian last_day lcase lcm least least_common_multiple left left_grapheme len length length_grapheme
    levenshtein lgamma like_escape list_aggr list_aggregate list_any_value list_append list_apply
    list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_cat
    list_concat list_contains list_cosine_distance list_cosine_similarity list_count list_distance list_distinct
    list_dot_product list_element list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all
    list_has_any list_histogram list_indexof list_inner_product list_intersect list_kurtosis list_kurtosis_pop
    list_last list_mad list_max list_median list_min list_mode list_negative_dot_product list_negative_inner_product
    list_pack list_position list_prepend list_product list_reduce list_resize list_reverse list_reverse_sort
    list_select list_sem list_skewness list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum
    list_transform list_unique list_value list_var_pop list_var_samp list_where list_zip ln log log10 log2 lower lpad
    ltrim make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz make_type map
    map_concat map_contains map_contains_entry map_contains_value map_entries map_extract map_extract_value
    map_from_entries map_keys map_to_pg_oid map_values md5 md5_number md5_number_lower md5_number_upper microsecond
    millennium millisecond minute mismatches mod month monthname multiply nanosecond nextafter nfc_normalize
    normalized_interval not_ilike_escape not_like_escape now nullif obj_description octet_length ord parse_dirname
    parse_dirpath parse_filename parse_formatted_bytes parse_path pg_collation_is_visible pg_conf_load_time
    pg_conversion_is_visible pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_viewdef pg_has_role
    pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible
    pg_postmaster_start_time pg_size_pretty pg_table_is_visible pg_ts_config_is_visible pg_ts_dict_is_visible
    pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof pi position pow power prefix printf
    quarter radians random range reduce regexp_escape regexp_extract regexp_extract_all regexp_full_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table repeat replace replace_type reverse
    right right_grapheme round round_even roundbankers row row_to_json rpad rtrim second session_user set_bit sha1
    sha256 shobj_description sign signbit sin sinh split split_part sqrt st_asbinary st_astext st_aswkb st_aswkt
    st_crs st_geomfromwkb st_intersects_extent st_setcrs starts_with str_split str_split_regex strftime string_split
    string_split_regex string_to_array strip_accents strlen strpos strptime struct_concat struct_contains
    struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_pack struct_position
    struct_update struct_values substr substring substring_grapheme subtract suffix switch tan tanh time_bucket
    timezone timezone_hour timezone_minute to_base to_base64 to_binary to_centuries to_days to_decades to_hex to_hours
    to_json to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp
    to_weeks to_years today transaction_timestamp translate trim trunc try_strptime typeof ucase unbin unhex unicode
    union_extract union_tag union_value unnest unpivot_list upper url_decode url_encode user uuid
    uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 variant_extract variant_typeof version wavg week weekday
    weekofyear weighted_avg xor year yearweek
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_max_nulls_last
    arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and
    bool_or corr count count_if count_star countif covar_pop covar_samp cume_dist dense_rank entropy favg fill first
    first_value fsum group_concat histogram_exact kahan_sum kurtosis kurtosis_pop lag last last_value lead list
    listagg mad max max_by mean median min min_by mode nth_value ntile percent_rank product quantile quantile_cont
    quantile_disc rank rank_dense regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
    regr_syy reservoir_quantile row_number sem skewness stddev stddev_pop stddev_samp string_agg sum sumkahan var_pop
    var_samp variance`),
);

/** Functions that stand for a table: made of their arguments, or of the catalog. */
export const tableFunctions: ReadonlySet<string> = new Set(
  words(`
    duckdb_columns duckdb_constraints duckdb_coordinate_systems duckdb_databases duckdb_dependencies duckdb_functions
    duckdb_indexes duckdb_keywords duckdb_schemas duckdb_sequences duckdb_tables duckdb_types duckdb_views
    generate_series icu_calendar_names json_each json_tree pg_timezone_names pragma_collations pragma_show
    pragma_table_info pragma_version range repeat repeat_row summary unnest`),
);

/** Table functions that read Parquet files; the sandbox has no files but those of the lake. */
export const parquetFunctions: ReadonlySet<string> = new Set(
  words(`
    parquet_bloom_probe parquet_file_metadata parquet_full_metadata parquet_kv_metadata parquet_metadata parquet_scan
    parquet_schema read_parquet`),
);

/** What users' SQL reads: views of the lake's tables (sql-sandbox.ts). */
export const sqlViews = ['tuples', 'flows', 'conversations'] as const;

/** Functions that are refused, by what they do. */
export const refusedFunctions = {
  'changes the engine': words(`
    checkpoint currval disable_logging disable_peg_parser disable_profiling enable_logging enable_peg_parser
    enable_profiling force_checkpoint nextval setseed truncate_duckdb_logs write_log`),
  'takes SQL or names of tables as text': words(`
    check_peg_parser json_execute_serialized_sql json_serialize_plan query query_table sql_auto_complete histogram histogram_values`),
  'reads files': words(`
    glob read_blob read_csv read_csv_auto read_duckdb read_json read_json_auto read_json_objects
    read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_text sniff_csv`),
  'reads the settings and state of the process': words(`
    current_connection_id current_query_id current_setting current_transaction_id duckdb_approx_database_count
    duckdb_connection_count duckdb_extensions duckdb_external_file_cache duckdb_log_contexts duckdb_logs
    duckdb_logs_parsed duckdb_memory duckdb_optimizers duckdb_prepared_statements duckdb_profiling_settings
    duckdb_secret_types duckdb_secrets duckdb_settings duckdb_table_sample duckdb_temporary_files duckdb_variables
    getvariable pragma_database_size pragma_metadata_info pragma_platform pragma_storage_info pragma_user_agent
    txid_current which_secret`),
  'only waits': words(`
    pg_sleep sleep_ms`),
  'is internal to DuckDB': words(`
    arrow_scan arrow_scan_dumb combine create_sort_key finalize parse_duckdb_log_message remap_struct seq_scan stats
    sum_no_overflow test_all_types test_vector_types timetz_byte_comparable variant_bytes_to_variant variant_normalize
    variant_to_parquet_variant vector_type`),
} as const satisfies Record<string, readonly string[]>;

/** Families of functions that DuckDB calls itself: compressed sort keys and collations. They are refused. */
export const internalPrefixes = ['__internal_', 'icu_collate_'] as const;

/** Views of DuckDB's catalog that show settings and state of the process. They are refused as the functions are. */
export const refusedViews: ReadonlySet<string> = new Set(['duckdb_logs', 'pg_prepared_statements', 'pg_settings']);
