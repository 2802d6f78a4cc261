// SPDX-License-Identifier: ISC
// Bc.java - Bouncy Castle's keystores, made and read by itself:
//   java -cp bcprov.jar Bc.java make TYPE FILE PASS KEY.p12 P12PASS OTHERPASS
//   (TYPE BCFKS-SCRYPT: a BCFKS with scrypt, AES key wrap and HMAC-SHA3-512)
//   java -cp bcprov.jar Bc.java list TYPE FILE PASS [ALIAS=KEYPASS...]
import java.io.*;
import java.security.*;
import java.security.cert.Certificate;
import java.util.*;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.util.ScryptConfig;
import org.bouncycastle.jcajce.BCFKSLoadStoreParameter;

public class Bc {
	static String hex(byte[] b) throws Exception {
		StringBuilder s = new StringBuilder();
		for (byte x : MessageDigest.getInstance("SHA-256").digest(b))
			s.append(String.format("%02x", x));
		return s.substring(0, 16);
	}

	static KeyStore open(String type, String file, String pass) throws Exception {
		KeyStore k = KeyStore.getInstance(type, "BC");
		try (InputStream in = file == null ? null : new FileInputStream(file)) {
			k.load(in, pass.toCharArray());
		}
		return k;
	}

	static void make(String[] a) throws Exception {
		boolean scrypt = a[1].equals("BCFKS-SCRYPT");
		KeyStore from = KeyStore.getInstance("PKCS12"), to = open(scrypt ? "BCFKS" : a[1], null, a[3]);
		try (InputStream in = new FileInputStream(a[4])) {
			from.load(in, a[5].toCharArray());
		}
		for (String alias : Collections.list(from.aliases())) {
			Key key = from.getKey(alias, a[5].toCharArray());
			Certificate[] chain = from.getCertificateChain(alias);
			to.setKeyEntry(alias, key, a[3].toCharArray(), chain);
			to.setKeyEntry("Other-" + alias, key, a[6].toCharArray(), chain);
			to.setCertificateEntry("ca \u00e9\u4e2d", chain[chain.length - 1]);
		}
		byte[] secret = new byte[32];
		Arrays.fill(secret, (byte)7);
		to.setKeyEntry("aes", new SecretKeySpec(secret, "AES"), a[3].toCharArray(), null);
		to.setKeyEntry("mac", new SecretKeySpec(secret, "HmacSHA256"), a[3].toCharArray(), null);
		try (OutputStream out = new FileOutputStream(a[2])) {
			if (scrypt)
				to.store(new BCFKSLoadStoreParameter.Builder(out, a[3].toCharArray())
					.withStorePBKDFConfig(new ScryptConfig.Builder(1024, 8, 1).withSaltLength(32).build())
					.withStoreEncryptionAlgorithm(BCFKSLoadStoreParameter.EncryptionAlgorithm.AES256_KWP)
					.withStoreMacAlgorithm(BCFKSLoadStoreParameter.MacAlgorithm.HmacSHA3_512).build());
			else
				to.store(out, a[3].toCharArray());
		}
	}

	static void list(String[] a) throws Exception {
		Map<String, String> pass = new HashMap<>();
		for (int i = 4; i < a.length; i++)
			pass.put(a[i].split("=")[0], a[i].split("=")[1]);
		KeyStore k = open(a[1], a[2], a[3]);
		List<String> names = Collections.list(k.aliases());
		Collections.sort(names);
		PrintStream out = new PrintStream(System.out, true, "UTF-8");
		for (String n : names) {
			if (k.isCertificateEntry(n)) {
				out.println("cert " + n + " " + hex(k.getCertificate(n).getEncoded()));
				continue;
			}
			Key key;
			try {
				key = k.getKey(n, pass.getOrDefault(n, a[3]).toCharArray());
			} catch (UnrecoverableKeyException e) {
				if (!String.valueOf(e.getMessage()).contains("no such algorithm"))
					throw e;
				out.println("secret " + n + " unknown"); // it opened, and this provider has no such keys
				continue;
			}
			Certificate[] chain = k.getCertificateChain(n);
			out.println((key instanceof PrivateKey ? "private " : key instanceof PublicKey ? "public " : "secret ")
				+ n + " " + (key instanceof PrivateKey ? "" : key.getAlgorithm() + " ") + (chain == null ? 0 : chain.length)
				+ " " + (chain == null || chain.length == 0 ? hex(key.getEncoded()) : hex(chain[0].getPublicKey().getEncoded())));
			if (key instanceof PrivateKey && chain != null && chain.length > 0) {
				String alg = key.getAlgorithm().startsWith("R") ? "SHA256withRSA" :
					key.getAlgorithm().startsWith("Ed") ? key.getAlgorithm() : "SHA256withECDSA";
				Signature s = Signature.getInstance(alg, "BC");
				s.initSign((PrivateKey)key);
				s.update(secretText);
				byte[] sig = s.sign();
				s.initVerify(chain[0].getPublicKey());
				s.update(secretText);
				if (!s.verify(sig))
					throw new Exception(n + ": the key is not that of its certificate");
			}
		}
	}

	static final byte[] secretText = "signed".getBytes();

	public static void main(String[] a) throws Exception {
		Security.addProvider(new org.bouncycastle.jce.provider.BouncyCastleProvider());
		if (a[0].equals("make"))
			make(a);
		else
			list(a);
	}
}
