# SPDX-License-Identifier: ISC
# k8s.sh - Secrets that kubectl makes, and ours taken by kubectl; no cluster is needed
. tests/lib/sh.sh
have kubectl || exit 0
export KUBECONFIG=/nonexistent
kc() { kubectl "$@" --dry-run=client -o json; }
cat shop.pem ica.pem > two.pem
kc create secret tls web --cert=two.pem --key=shop.key > tls.json 2>/dev/null || fail 'kubectl create secret tls'
chmod 600 tls.json
is 'a TLS Secret of kubectl' "$(k list tls.json --plain | cut -f2,3)" 'web	key'
k export tls.json web --chain > chain.out
same 'its chain' chain.out two.pem
k convert shop.key shop-chain.pem -o store.p12 --alias shop --new-pass file:pass -q >/dev/null
kc create secret generic app --from-file=keystore.p12=store.p12 --from-literal=password=x > app.json
chmod 600 app.json
k export app.json app/keystore.p12 --der -o out.p12 >/dev/null 2>&1 || fail 'the store in a Secret'
same 'the store in a Secret' out.p12 store.p12
# kubectl reads ours: a patch that changes nothing needs no cluster.
k convert shop.key two.pem root.pem -o ours.json --to k8s --secret-name ours --plain-key -q >/dev/null 2>&1 || fail 'to k8s'
kubectl patch --local -f ours.json -p '{}' -o json > back.json || fail 'kubectl refuses ours'
for key in tls.crt tls.key; do
	is "$key through kubectl" "$(kubectl patch --local -f ours.json -p '{}' -o "jsonpath={.data.${key%.*}\\.${key#*.}}" | base64 -d | sha256sum)" \
		"$(python3 -c "import json, sys, base64; sys.stdout.buffer.write(base64.b64decode(json.load(open('ours.json'))['data']['$key']))" | sha256sum)"
done
kubectl patch --local -f ours.json -p '{}' -o 'jsonpath={.data.tls\.key}' | base64 -d > key.out
is 'the key' "$(openssl pkey -in key.out -pubout -outform DER | sha256sum)" "$(openssl pkey -in shop.key -pubout -outform DER | sha256sum)"
done_ k8s
