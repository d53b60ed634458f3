/// Names that PostgreSQL brings along, so that an unqualified `now()` is told from a user's function.
///
/// Taken from `postgres.bki` and `system_views.sql`, without the functions behind operators and types, with those that
/// the versions up to 18 added.
package enum SystemNames {
  /// Catalogs and views that `search_path` finds first, in `pg_catalog`.
  static let relations = words(
    """
    pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_authid
    pg_available_extension_versions pg_available_extensions pg_backend_memory_contexts pg_cast pg_class
    pg_collation pg_config pg_constraint pg_conversion pg_cursors pg_database pg_db_role_setting pg_default_acl
    pg_depend pg_description pg_enum pg_event_trigger pg_extension pg_file_settings pg_foreign_data_wrapper
    pg_foreign_server pg_foreign_table pg_group pg_hba_file_rules pg_ident_file_mappings pg_index pg_indexes
    pg_inherits pg_init_privs pg_language pg_largeobject pg_largeobject_metadata pg_locks pg_matviews pg_namespace
    pg_opclass pg_operator pg_opfamily pg_parameter_acl pg_partitioned_table pg_policies pg_policy
    pg_prepared_statements pg_prepared_xacts pg_proc pg_publication pg_publication_namespace pg_publication_rel
    pg_publication_tables pg_range pg_replication_origin pg_replication_origin_status pg_replication_slots
    pg_rewrite pg_roles pg_rules pg_seclabel pg_seclabels pg_sequence pg_sequences pg_settings pg_shadow
    pg_shdepend pg_shdescription pg_shmem_allocations pg_shseclabel pg_stat_activity pg_stat_all_indexes
    pg_stat_all_tables pg_stat_archiver pg_stat_bgwriter pg_stat_database pg_stat_database_conflicts
    pg_stat_gssapi pg_stat_progress_analyze pg_stat_progress_basebackup pg_stat_progress_cluster
    pg_stat_progress_copy pg_stat_progress_create_index pg_stat_progress_vacuum pg_stat_recovery_prefetch
    pg_stat_replication pg_stat_replication_slots pg_stat_slru pg_stat_ssl pg_stat_subscription
    pg_stat_subscription_stats pg_stat_sys_indexes pg_stat_sys_tables pg_stat_user_functions pg_stat_user_indexes
    pg_stat_user_tables pg_stat_wal pg_stat_wal_receiver pg_stat_xact_all_tables pg_stat_xact_sys_tables
    pg_stat_xact_user_functions pg_stat_xact_user_tables pg_statio_all_indexes pg_statio_all_sequences
    pg_statio_all_tables pg_statio_sys_indexes pg_statio_sys_sequences pg_statio_sys_tables pg_statio_user_indexes
    pg_statio_user_sequences pg_statio_user_tables pg_statistic pg_statistic_ext pg_statistic_ext_data pg_stats
    pg_stats_ext pg_stats_ext_exprs pg_subscription pg_subscription_rel pg_tables pg_tablespace
    pg_timezone_abbrevs pg_timezone_names pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict
    pg_ts_parser pg_ts_template pg_type pg_user pg_user_mapping pg_user_mappings pg_views
    """)

  /// Functions of which every variant is IMMUTABLE.
  static let immutable = words(
    """
    abbrev abs aclcontains acldefault aclinsert aclitemeq aclremove acos acosd acosh any_value area array_agg
    array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_reverse array_sort array_to_tsvector ascii asin
    asind asinh atan atan2 atan2d atand atanh avg bit bit_and bit_count bit_length bit_or bit_xor bitcat
    bitshiftleft bitshiftright bool bool_and bool_or bound_box box bpchar bpchar_pattern_ge bpchar_pattern_gt
    bpchar_pattern_le bpchar_pattern_lt broadcast btrim byteacat cardinality casefold cbrt ceil ceiling center
    char character_length chr cidr circle coalesce corr cos cosd cosh cot cotd count covar_pop covar_samp crc32
    crc32c cume_dist date_bin daterange decode degrees dense_rank diagonal diameter div encode erf erfc every exp
    factorial family first_value float4 float8 floor gamma gcd generate_subscripts get_bit get_byte greatest
    grouping height host hostmask inet inet_merge initcap int2 int4 int4multirange int4range int8 int8multirange
    int8range interval is_normalized isclosed isempty isfinite isopen json_array_element_text json_array_elements
    json_array_elements_text json_array_length json_each json_each_text json_exists json_extract_path
    json_extract_path_text json_object json_object_keys json_query json_scalar json_strip_nulls json_typeof
    json_value jsonb_array_element jsonb_array_element_text jsonb_array_elements jsonb_array_elements_text
    jsonb_array_length jsonb_concat jsonb_delete jsonb_delete_path jsonb_each jsonb_each_text jsonb_exists
    jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
    jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_exists_opr jsonb_path_match
    jsonb_path_match_opr jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set
    jsonb_set_lax jsonb_strip_nulls jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm
    lead least left lgamma like line ln log log10 lower lower_inc lower_inf lpad lseg ltrim macaddr macaddr8
    make_date make_interval make_time make_timestamp makeaclitem masklen max md5 min min_scale mod mode multirange
    name netmask network normalize npoints nth_value ntile nullif num_nonnulls num_nulls nummultirange numnode
    numrange octet_length oid overlay parse_ident path percent_rank percentile_cont percentile_disc pi point
    polygon popen position postgresql_fdw_validator pow power pt_contained_circle pt_contained_poly querytree
    quote_ident radians radius rank regexp_count regexp_instr regexp_like regexp_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count
    regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round row_number
    rpad rtrim satisfies_hash_partition scale set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512
    sign similar_escape similar_to_escape sin sind sinh slope split_part sqrt starts_with stddev stddev_pop
    stddev_samp string_agg string_to_array string_to_table strip strpos substr substring sum tan tand tanh text
    text_pattern_ge text_pattern_gt text_pattern_le text_pattern_lt textcat timedate_pl timetzdate_pl to_ascii
    to_hex translate trim trim_array trim_scale trunc ts_delete ts_filter ts_lexize ts_match_qv ts_match_vq
    ts_rank ts_rank_cd tsmultirange tsrange tstzmultirange tstzrange unistr unnest upper upper_inc upper_inf
    var_pop var_samp varchar variance width width_bucket xml_is_well_formed_content xml_is_well_formed_document
    xmlagg xmlcomment xmlconcat xmlconcat2 xmlelement xmlexists xmlforest xmlpi xmlroot xmlvalidate xpath
    xpath_exists
    """)

  /// Functions of which no variant is IMMUTABLE: an index expression or predicate cannot call them.
  static let changing = words(
    """
    aclexplode array_sample array_shuffle array_to_json array_to_string clock_timestamp col_description concat
    concat_ws convert convert_from convert_to current_catalog current_database current_date current_query
    current_role current_schema current_schemas current_setting current_time current_timestamp current_user
    currtid2 currval cursor_to_xml cursor_to_xmlschema database_to_xml database_to_xml_and_xmlschema
    database_to_xmlschema enum_first enum_last enum_range format format_type gen_random_uuid get_current_ts_config
    getdatabaseencoding getpgusername inet_client_addr inet_client_port inet_server_addr inet_server_port json_agg
    json_build_array json_build_object json_object_agg json_populate_record json_populate_recordset json_to_record
    json_to_recordset jsonb_agg jsonb_build_array jsonb_build_object jsonb_path_exists_tz jsonb_path_match_tz
    jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
    jsonb_populate_recordset jsonb_to_record jsonb_to_recordset lastval localtime localtimestamp loread lowrite
    make_timestamptz money mxid_age nextval now obj_description query_to_xml query_to_xml_and_xmlschema
    query_to_xmlschema random random_normal regclass row_security_active row_to_json schema_to_xml
    schema_to_xml_and_xmlschema schema_to_xmlschema session_user set_config setseed setval shobj_description
    statement_timestamp table_to_xml table_to_xml_and_xmlschema table_to_xmlschema timeofday to_char to_date
    to_json to_jsonb to_number to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc
    to_regprocedure to_regrole to_regtype transaction_timestamp ts_debug ts_match_tq ts_match_tt ts_stat user
    uuidv4 uuidv7 version xml xml_is_well_formed
    """)

  /// Functions whose volatility depends on the argument types (mostly: a time zone is needed for timestamptz).
  static let mixed = words(
    """
    age date date_add date_part date_subtract date_trunc extract generate_series in_range json_to_tsvector
    jsonb_to_tsvector length numeric overlaps phraseto_tsquery plainto_tsquery quote_literal quote_nullable time
    timestamp timestamptz timetz timezone to_timestamp to_tsquery to_tsvector ts_headline ts_parse ts_rewrite
    ts_token_type websearch_to_tsquery
    """)

  /// The families `pg_…`, `has_…_privilege`, `txid_…` are all built in and none may stand in an index.
  private static let families = ["pg_", "has_", "txid_", "lo_"]

  private static func words(_ text: String) -> Set<String> {
    Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
  }

  /// True for a function that comes with the server.
  package static func isBuiltin(function name: String) -> Bool {
    immutable.contains(name) || changing.contains(name) || mixed.contains(name)
      || families.contains { name.hasPrefix($0) }
  }

  /// True for a built-in function that is never IMMUTABLE.
  package static func isChanging(function name: String) -> Bool {
    changing.contains(name)
      || (families.contains { name.hasPrefix($0) } && !immutable.contains(name))
  }

  /// Built-in functions that a default must compute for every row: PostgreSQL marks them VOLATILE.
  package static let volatile: Set<String> = [
    "clock_timestamp", "currval", "gen_random_uuid", "lastval", "nextval", "pg_current_xact_id", "random", "setval",
    "timeofday", "txid_current", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuidv4", "uuidv7",
  ]
}
