/**
 * Prints the answer of ClickHouse to an SQL text, one JSON object a row. Runs in a process of its own: the reader permits only paths
 * below the working folder. Usage: node read.mjs SQL
 */
import { query } from 'chdb';

const settings = "session_timezone = 'UTC', output_format_json_quote_64bit_integers = 1";
process.stdout.write(query(`${process.argv[2]} SETTINGS ${settings}`, 'JSONEachRow'));
