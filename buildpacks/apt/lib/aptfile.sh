# What the app says of itself: the lines of its Aptfile, and how builds reach the network.

import_config() {
  local name
  for name in http_proxy https_proxy no_proxy BUILDPACK_XTRACE; do
    [ ! -f "$config_dir/$name" ] || export "$name=$(<"$config_dir/$name")"
  done
  [ "$BUILDPACK_XTRACE" = 1 ] && set -x
}

# Sets wanted. A line that is not the name of a package is refused before anything is fetched.
read_aptfile() {
  local line number=0
  wanted=()
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line#$'\xef\xbb\xbf'}
    line=${line%%#*}
    read -r line <<<"${line%$'\r'}"
    case $line in
      '') ;;
      http://* | https://* | *.deb)
        fail '' "Aptfile line $number: \"$(shown "$line")\" is the address of a package, which this platform does not install: nobody vouches for what is there. Name a package of Debian, or commit what you need of it (dpkg -x <file> vendor) and set PATH and LD_LIBRARY_PATH in .profile." ;;
      :repo:*)
        fail '' "Aptfile line $number: \"$(shown "$line")\" adds a package source, which this platform does not do: packages come from Debian's own archive, whose signatures the stack knows. Remove the line, and the packages that only that source has." ;;
      *)
        [[ $line =~ ^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?$ ]] ||
          fail '' "Aptfile line $number: \"$(shown "$line")\" is not the name of a package. One name per line, such as \"libvips42\", or with a version \"jq=1.7.1-6\"."
        wanted+=("$line")
        ;;
    esac
  done <"$build_dir/Aptfile"
  [ ${#wanted[@]} -gt 0 ] || fail '' 'Aptfile names no package. Write one name per line, or remove the file.'
}

# Addresses may have a login in them.
shown() { sed -E 's#//[^/@ ]*@#//#g' <<<"${1:0:200}"; }
