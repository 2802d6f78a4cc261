# SPDX-License-Identifier: ISC
"""schema.py - the schemas of src/schema as validators that know every member"""
import copy, glob, json, os, re

import jsonschema

VALIDATOR = jsonschema.Draft202012Validator


def load(directory):
	"""name -> schema, as in the files"""
	return {os.path.basename(f)[:-5]: json.load(open(f, encoding="utf-8")) for f in glob.glob(directory + "/*.json")}


def inline(node, schemas):
	"""$ref of a file is the file: then nothing has to be fetched, whichever library resolves"""
	if isinstance(node, list):
		return [inline(n, schemas) for n in node]
	if not isinstance(node, dict):
		return node
	if "$ref" in node:
		other = copy.deepcopy(schemas[node["$ref"][:-5]])
		del other["$id"], other["$schema"]
		return inline(other, schemas)
	return {k: inline(v, schemas) for k, v in node.items()}


def strict(node, inside_all_of=False):
	"""a reader takes unknown members, this test does not"""
	if isinstance(node, list):
		return [strict(n) for n in node]
	if not isinstance(node, dict):
		return node
	done = {k: [strict(n, True) for n in v] if k == "allOf" else v if k in ("if", "then", "else", "oneOf") and "type" not in
		str(v) else strict(v) for k, v in node.items()}
	if "properties" in node and node.get("type") == "object" and not inside_all_of:
		done["unevaluatedProperties"] = False
	return done


def validators(schemas):
	return {name: VALIDATOR(strict(inline(s, schemas))) for name, s in schemas.items()}


def faults(doc, strict_ones):
	"""What is wrong with a document by the schema that it names."""
	name = re.sub(r"^kstool\.(.*)/(\d+)$", r"\1-\2", doc.get("schema", ""))
	if name not in strict_ones:
		return [f"there is no schema {doc.get('schema')}"]
	return [f"{name}: {'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in strict_ones[name].iter_errors(doc)]
