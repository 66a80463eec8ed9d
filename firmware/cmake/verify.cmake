# Compares each file of a model bundle with its SHA-256 in metadata.json, and stops with the names of those that differ.
# Builds without CMake can run it too: cmake -P BUNDLE/cmake/verify.cmake
function(sbnn_verify_bundle folder)
  if(CMAKE_VERSION VERSION_LESS 3.19) # the first one that reads JSON
    message(FATAL_ERROR "CMake ${CMAKE_VERSION} cannot check the model bundle ${folder}. Install CMake 3.19 or newer.")
  endif()
  if(NOT EXISTS "${folder}/metadata.json")
    message(FATAL_ERROR "The folder ${folder} is no model bundle: metadata.json is missing. Compile the model again "
                        "with `sensor-bnn compile`.")
  endif()
  file(READ "${folder}/metadata.json" facts)
  string(JSON count ERROR_VARIABLE error LENGTH "${facts}" files)
  if(error OR count EQUAL 0)
    message(FATAL_ERROR "${folder}/metadata.json is damaged: it has no digests of files. Compile the model again with "
                        "`sensor-bnn compile`.")
  endif()
  math(EXPR last "${count} - 1")
  foreach(place RANGE ${last})
    string(JSON name MEMBER "${facts}" files ${place})
    string(JSON wanted GET "${facts}" files "${name}")
    set(found "missing")
    if(EXISTS "${folder}/${name}")
      file(SHA256 "${folder}/${name}" found)
    endif()
    if(NOT found STREQUAL wanted)
      list(APPEND damaged "${name}")
    endif()
    if(NOT CMAKE_SCRIPT_MODE_FILE) # a file that changes later is checked by the next build
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${folder}/${name}")
    endif()
  endforeach()
  if(damaged)
    list(JOIN damaged ", " names)
    message(FATAL_ERROR "The bundle ${folder} is damaged: ${names} missing, or changed since the model was compiled. "
                        "Compile the model again with `sensor-bnn compile`.")
  endif()
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  get_filename_component(bundle "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
  sbnn_verify_bundle("${bundle}")
endif()
